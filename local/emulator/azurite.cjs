// Azurite's table service for as long as the process that started it lives.
// usage: node azurite.cjs <azurite package> <data folder>
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const [, , azurite, location] = process.argv;
const load = (module) => require(path.join(azurite, "dist", "src", module));
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Standard input is a pipe that nobody writes to: it ends when our parent ends, however that
// happens (SIGKILL included) and on every system. Signals are left to the parent, because Ctrl-C
// reaches the whole process group and storage has to outlive the functions that still use it.
const parentEnded = new Promise((resolve) => process.stdin.once("close", resolve).resume());
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});

// On POSIX the folder's lock is an inherited descriptor, see ../azurite.py. On Windows it is a file
// without sharing, which libuv offers as O_EXLOCK: https://docs.libuv.org/en/v1.x/fs.html
const WINDOWS_EXLOCK = 0x10000000;

async function lockOnWindows() {
  const flags = fs.constants.O_RDWR | fs.constants.O_CREAT | WINDOWS_EXLOCK;
  for (const deadline = Date.now() + 10_000; ; await sleep(100)) {
    try {
      return fs.openSync(path.join(location, "azurite.lock"), flags);
    } catch (error) {
      if (error.code !== "EBUSY" || Date.now() > deadline) throw error;
    }
  }
}

async function main() {
  if (process.platform === "win32") await lockOnWindows();
  const { AzuriteTelemetryClient } = load("common/Telemetry");
  const TableConfiguration = load("table/TableConfiguration").default;
  const TableServer = load("table/TableServer").default;

  AzuriteTelemetryClient.init(location, false);
  const database = path.join(location, "__azurite_db_table__.json");
  const [anyPort, keepAlive, debugLog, accessLog, loose, skipApiVersionCheck] = [0, 5, false, false, false, true];
  const server = new TableServer(
    new TableConfiguration(
      "127.0.0.1", anyPort, keepAlive, database, debugLog, accessLog,
      undefined, undefined, loose, skipApiVersionCheck,
    ),
  );
  await server.start();
  console.log(JSON.stringify({ endpoint: server.getHttpServerAddress() }));
  await parentEnded;
  await server.close(); // writes what the last autosave (every 5 s) has not ...
  // ... but does not wait for one that is under way, which would be lost with all that it holds:
  // https://github.com/techfort/LokiJS/blob/master/src/lokijs.js (close, throttledSaveDrain)
  await new Promise((drained) => server.metadataStore.db.throttledSaveDrain(drained));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
