// Who is told what. The queries are those of queries/alerts, which tests run; docs/telemetry.md says
// what each of them asks.

@description('Last part of all names.')
param suffix string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Resource id of the Application Insights component.')
param componentId string

@description('Name of the same component.')
param componentName string

@description('Resource id of the identity that the rules read with.')
param identityId string

@description('Address of healthz.')
param healthUrl string

@description('Addresses that alerts are sent to, separated by commas.')
param emails string

@description('Address that alerts are posted to.')
@secure()
param webhook string

@description('Resource id of a Logic App that alerts are posted to.')
param logicAppId string

@description('Name of its HTTP trigger.')
param logicAppTrigger string

@description('Tell once a day that there are confirmed warnings.')
param warningDigest bool

@description('Where the availability test asks from; empty: no test.')
param availabilityLocations array

@description('When this deployment was made.')
param deployedAt string

// A rule has one severity, a check its own: one rule for each that a critical check can have.
var severities = [
  1
  2
]

var critical = loadTextContent('queries/alerts/check_critical.kql')
var silent = loadTextContent('queries/alerts/monitor_silent.kql')

var criticalRules = [for severity in severities: {
  name: 'check-critical-${severity}'
  title: 'A check is critical (severity ${severity})'
  description: 'A check of self-service password reset is confirmed critical. One alert for each check; it resolves when the check has recovered.'
  severity: severity
  // A rule costs more the more often it asks.
  every: (severity == 1) ? 'PT5M' : 'PT15M'
  resolves: true
  splitBy: [
    'tenant'
    'check'
  ]
  query: replace(critical, 'let rated = 1;', 'let rated = ${severity};')
}]

var monitorRules = [
  {
    name: 'monitor-blind'
    title: 'The monitor cannot read'
    description: 'Something has kept the monitor from reading for two hours, such as a permission that was taken away. One alert for each cause.'
    severity: 2
    every: 'PT15M'
    resolves: true
    splitBy: [
      'tenant'
      'cause'
    ]
    query: loadTextContent('queries/alerts/monitor_blind.kql')
  }
  {
    name: 'monitor-silent'
    title: 'The monitor is silent'
    description: 'The next run is more than half an hour overdue: the app, its timer or its telemetry has stopped. Nothing is watched until it is back.'
    severity: 1
    every: 'PT15M'
    resolves: true
    splitBy: []
    query: replace(silent, 'datetime(2000-01-01)', 'datetime(${deployedAt})')
  }
]

var digestRules = [
  {
    name: 'warning-digest'
    title: 'There are warnings'
    description: 'Checks of self-service password reset are confirmed warnings. Told once a day for as long as there are any.'
    severity: 3
    every: 'P1D'
    resolves: false
    splitBy: [
      'tenant'
    ]
    query: loadTextContent('queries/alerts/warning_digest.kql')
  }
]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-sspr-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'sspr'
    emailReceivers: [for email in (empty(emails) ? [] : split(emails, ',')): {
      name: trim(email)
      emailAddress: trim(email)
      useCommonAlertSchema: true
    }]
    webhookReceivers: empty(webhook) ? [] : [
      {
        name: 'webhook'
        serviceUri: webhook
        useCommonAlertSchema: true
      }
    ]
    logicAppReceivers: empty(logicAppId) ? [] : [
      {
        name: 'logic-app'
        resourceId: logicAppId
        callbackUrl: listCallbackUrl('${logicAppId}/triggers/${logicAppTrigger}', '2019-05-01').value
        useCommonAlertSchema: true
      }
    ]
  }
}

resource rule 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in concat(criticalRules, monitorRules, warningDigest ? digestRules : []): {
  name: 'alert-sspr-${rule.name}-${suffix}'
  location: location
  tags: tags
  kind: 'LogAlert'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    displayName: rule.title
    description: rule.description
    enabled: true
    severity: rule.severity
    scopes: [
      componentId
    ]
    evaluationFrequency: rule.every
    windowSize: rule.every
    // The queries look two days back, the most that a rule can, and find the newest run by themselves.
    overrideQueryTimeRange: 'P2D'
    criteria: {
      allOf: [
        {
          query: rule.query
          metricMeasureColumn: 'firing'
          timeAggregation: 'Maximum'
          operator: 'GreaterThan'
          threshold: 0
          dimensions: [for name in rule.splitBy: {
            name: name
            operator: 'Include'
            values: [
              '*'
            ]
          }]
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: rule.resolves
    actions: {
      actionGroups: [
        group.id
      ]
    }
    // In a new workspace there is no event yet, which validation takes for a mistake.
    skipQueryValidation: true
  }
}]

// From outside: whatever keeps healthz from answering, the app's own telemetry need not live to tell.
resource test 'Microsoft.Insights/webtests@2022-06-15' = if (!empty(availabilityLocations)) {
  name: 'test-sspr-${suffix}'
  location: location
  tags: union(tags, {
    'hidden-link:${componentId}': 'Resource'
  })
  kind: 'standard'
  properties: {
    Name: 'SSPR health monitor'
    SyntheticMonitorId: 'test-sspr-${suffix}'
    Description: 'healthz answers, and says that the last run is recent.'
    Kind: 'standard'
    Enabled: true
    // Seconds. Runs are a quarter of an hour apart; asking more often tells nothing more.
    Frequency: 900
    // Seconds. A cold start takes some.
    Timeout: 60
    RetryEnabled: true
    Locations: [for place in availabilityLocations: {
      Id: place
    }]
    Request: {
      RequestUrl: healthUrl
      HttpVerb: 'GET'
      FollowRedirects: false
      ParseDependentRequests: false
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: true
      SSLCertRemainingLifetimeCheck: 7
    }
  }
}

resource unreachable 'Microsoft.Insights/metricAlerts@2018-03-01' = if (!empty(availabilityLocations)) {
  name: 'alert-sspr-unreachable-${suffix}'
  location: 'global'
  tags: tags
  properties: {
    description: 'healthz does not answer, or says that runs are missing. The app, its storage or its timer has stopped.'
    severity: 1
    enabled: true
    scopes: [
      test.id
      componentId
    ]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: test.id
      componentId: componentId
      // Half of the places, so that one of them may be unwell.
      failedLocationCount: (length(availabilityLocations) + 1) / 2
    }
    actions: [
      {
        actionGroupId: group.id
      }
    ]
  }
}

// Application Insights adds this rule to each component and mails whoever administrates the
// subscription. Declared, it is ours, and off: the rules above say what matters.
// https://learn.microsoft.com/azure/azure-monitor/alerts/proactive-failure-diagnostics
resource anomalies 'Microsoft.AlertsManagement/smartDetectorAlertRules@2019-06-01' = {
  name: 'Failure Anomalies - ${componentName}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Switched off in favour of the rules beside it.'
    state: 'Disabled'
    severity: 'Sev3'
    frequency: 'PT1M'
    detector: {
      id: 'FailureAnomaliesDetector'
    }
    scope: [
      componentId
    ]
    actionGroups: {
      groupIds: [
        group.id
      ]
    }
  }
}
