// Parses and type-checks Kusto queries: node check.cjs <package> <input>, both JSON.
//
// In: {"tables": {name: "(column:type, ...)"}, "queries": {name: text}}.
// Out, per query: what is wrong with it, the columns of its result, and the keys it reads of
// `customDimensions`, which to the type checker is a bag that may hold anything.
"use strict";

const path = require("node:path");

// Both files are plain scripts that fill global names: https://www.npmjs.com/package/@kusto/language-service-next
const folder = process.argv[2];
require(path.join(folder, "bridge.min.js"));
require(path.join(folder, "Kusto.Language.Bridge.min.js"));
const { Kusto } = globalThis;
const { KustoCode, GlobalState } = Kusto.Language;
const { DatabaseSymbol, TableSymbol } = Kusto.Language.Symbols;
const { SyntaxElement, PathExpression, ElementExpression } = Kusto.Language.Syntax;

const input = JSON.parse(require("node:fs").readFileSync(process.argv[3], "utf8"));
const tables = Object.entries(input.tables).map(([name, columns]) =>
  TableSymbol.From(columns).WithName(name),
);
const globals = GlobalState.Default.WithDatabase(new DatabaseSymbol.$ctor1("telemetry", tables));

const listed = (list) => Array.from({ length: list.Count }, (_, index) => list.getItem(index));

function keys(code) {
  const found = new Set();
  SyntaxElement.WalkNodes(code.Syntax, (node) => {
    const isPath = node instanceof PathExpression;
    if (!isPath && !(node instanceof ElementExpression)) return;
    if (node.Expression.toString().trim() !== "customDimensions") return;
    found.add(node.Selector.toString().trim().replace(/[\[\]"']/g, ""));
  });
  return [...found];
}

const output = {};
for (const [name, text] of Object.entries(input.queries)) {
  const code = KustoCode.ParseAndAnalyze(text, globals);
  const columns = code.ResultType?.Columns ? listed(code.ResultType.Columns) : [];
  output[name] = {
    wrong: listed(code.GetDiagnostics()).map((found) => `${found.Code} ${found.Message}`),
    columns: Object.fromEntries(columns.map((column) => [column.Name, column.Type.Name])),
    keys: keys(code),
  };
}
console.log(JSON.stringify(output));
