// The workbook: its layout is workbook.json, in which an item names its query's file.

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Resource id of the Application Insights component.')
param componentId string

// Not loadJsonContent, whose result has a type of its own for each item: not all of them have a query.
var layout = json(loadTextContent('workbook.json'))

var queries = {
  'overview.kql': loadTextContent('../queries/workbook/overview.kql')
  'checks.kql': loadTextContent('../queries/workbook/checks.kql')
  'trend.kql': loadTextContent('../queries/workbook/trend.kql')
  'changes.kql': loadTextContent('../queries/workbook/changes.kql')
  'runs.kql': loadTextContent('../queries/workbook/runs.kql')
}

// union merges the objects within objects as well.
var items = [for item in layout.items: union(item, contains(item.content, 'query') ? {
  content: {
    query: queries[item.content.query]
  }
} : {})]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  // Has to be a GUID, and the same one next time.
  name: guid(componentId, 'workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'SSPR health monitor'
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: componentId
    serializedData: string({
      version: layout.version
      items: items
      fallbackResourceIds: [
        componentId
      ]
      '$schema': layout['$schema']
    })
  }
}

output id string = workbook.id
