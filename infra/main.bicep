// The whole deployment of one tenant's monitor: `azd up` creates it, `azd down` deletes it.
//
// No module comes from a registry, so that everything that is deployed stands here and can be checked
// without a network: docs/deploy.md, tests/infra.

targetScope = 'subscription'

// What azd asks for.

@description('Name of the environment; part of the names of all resources.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of all resources; one that offers Flex Consumption.')
@minLength(1)
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('Further tags of every resource.')
param tags object = {}

// What the app is told; docs/settings.md says what each of them means. Empty: the app's own default.

@description('The cloud that the tenant lives in.')
@allowed([
  'global'
  'usgov'
  'usgovdod'
  'china'
])
param cloud string = 'global'

@description('When the checks run: NCRONTAB, in UTC.')
@maxLength(100)
param schedule string = ''

@description('When the registration report is read again: NCRONTAB, in UTC.')
@maxLength(100)
param sweepSchedule string = ''

@description('When history that is too old is deleted: NCRONTAB, in UTC.')
@maxLength(100)
param purgeSchedule string = ''

@description('The language of answers, when the reader asks for none.')
@allowed([
  'en'
  'de'
  'nb'
  'id'
  'zh-Hant'
])
param language string = 'en'

@description('Ids of checks that are not run, separated by commas.')
@maxLength(1000)
param checksDisabled string = ''

@description('Runs in a row before a change for the worse counts.')
@minValue(1)
@maxValue(100)
param confirmAfter int = 2

@description('Runs in a row before a recovery counts.')
@minValue(1)
@maxValue(100)
param recoverAfter int = 2

@description('Days that single runs are kept.')
@minValue(7)
@maxValue(3650)
param keepRuns int = 90

@description('Days that daily summaries are kept.')
@minValue(7)
@maxValue(3650)
param keepDays int = 730

@description('Days that confirmed changes are kept.')
@minValue(7)
@maxValue(3650)
param keepChanges int = 730

@description('Whether password writeback is on, and when that was verified: on@YYYY-MM-DD or off@YYYY-MM-DD.')
@maxLength(14)
param declaredWriteback string = ''

@description('Whether administrators are meant to use SSPR: on@YYYY-MM-DD or off@YYYY-MM-DD.')
@maxLength(14)
param declaredAdminSspr string = ''

@description('Whether the tenant has a telephony provider of its own: on@YYYY-MM-DD or off@YYYY-MM-DD.')
@maxLength(14)
param declaredTelephony string = ''

@description('Thresholds by the name of their setting, such as { SSPR_REGISTRATION_WARNING_PERCENT: \'90\' }.')
param thresholds object = {}

// Where it runs.

// The build that azd asks Azure for has been seen to take 3.11 whatever is set here, and so to install
// packages that others cannot load: https://github.com/Azure/azure-dev/issues/8538
@description('Version of Python that the app runs with; its packages have to be built for the same.')
@allowed([
  '3.11'
  '3.12'
  '3.13'
])
param pythonVersion string = '3.11'

@description('Memory of an instance in MB; its share of a processor grows with it.')
@allowed([
  512
  2048
  4096
])
param instanceMemoryMB int = 2048

@description('Most instances at a time, for HTTP and for each timer. A bound on costs, not a reservation.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Reach storage through a virtual network only.')
param privateNetworking bool = false

@description('Application (client) id of the app registration that signs people in; empty: function keys only.')
@maxLength(36)
param signInClientId string = ''

// What is told to whom, and kept for how long.

@description('Addresses that alerts are sent to, separated by commas.')
@maxLength(1000)
param alertEmails string = ''

@description('Address that alerts are posted to, in the common alert schema. Whoever knows it can post to it.')
@secure()
@maxLength(2000)
param alertWebhook string = ''

@description('Resource id of a Logic App that alerts are posted to, for Teams, Slack or tickets.')
@maxLength(400)
param alertLogicAppId string = ''

@description('Name of the Logic App\'s HTTP trigger.')
@minLength(1)
@maxLength(80)
param alertLogicAppTrigger string = 'manual'

@description('Tell once a day that there are confirmed warnings.')
param warningDigest bool = false

@description('Where the availability test asks from; empty: no test. Other clouds have other places.')
@maxLength(16)
param availabilityLocations array = [
  'emea-nl-ams-azr'
  'us-va-ash-azr'
  'apac-sg-sin-azr'
]

@description('Days that logs and events are kept. Those of Application Insights are kept for at least 90.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('Most GB of logs a day; an ordinary day is a few MB. Beyond it nothing is taken, and the monitor counts as silent.')
@minValue(1)
@maxValue(100)
param logDailyCapGB int = 1

@description('When this deployment was made. Not to be set.')
param deployedAt string = utcNow('yyyy-MM-ddTHH:mm:ssZ')

var allTags = union(tags, {
  'azd-env-name': environmentName
})
var token = toLower(uniqueString(subscription().id, environmentName, location))
var tenantId = tenant().tenantId

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: allTags
}

// A user-assigned identity exists before the app does: its roles are there when the app first starts.
// https://learn.microsoft.com/azure/azure-functions/functions-reference#configure-an-identity-based-connection
module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-sspr-${token}'
    location: location
    tags: allTags
  }
}

// Sign-in has an identity of its own, as whoever holds it can sign in as the app registration.
module signInIdentity 'modules/identity.bicep' = if (!empty(signInClientId)) {
  name: 'sign-in-identity'
  scope: group
  params: {
    name: 'id-sspr-sign-in-${token}'
    location: location
    tags: allTags
  }
}

// Without one, an alert rule reads with the rights of whoever deployed it last, and stops with them.
module alertIdentity 'modules/identity.bicep' = {
  name: 'alert-identity'
  scope: group
  params: {
    name: 'id-sspr-alerts-${token}'
    location: location
    tags: allTags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: 'log-sspr-${token}'
    componentName: 'appi-sspr-${token}'
    location: location
    tags: allTags
    retentionDays: logRetentionDays
    dailyCapGB: logDailyCapGB
    publisherId: identity.outputs.principalId
    readerId: alertIdentity.outputs.principalId
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'stsspr${token}'
    location: location
    tags: allTags
    isPrivate: privateNetworking
    principalId: identity.outputs.principalId
  }
}

module network 'modules/network.bicep' = if (privateNetworking) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-sspr-${token}'
    location: location
    tags: allTags
    storageName: storage.outputs.name
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  scope: group
  params: {
    name: 'func-sspr-${token}'
    planName: 'plan-sspr-${token}'
    location: location
    tags: allTags
    pythonVersion: pythonVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageName: storage.outputs.name
    packageContainer: storage.outputs.packageContainer
    connectionString: monitoring.outputs.connectionString
    subnetId: privateNetworking ? network!.outputs.appSubnetId : ''
    signInClientId: signInClientId
    signInIdentityId: empty(signInClientId) ? '' : signInIdentity!.outputs.id
    signInIdentityClientId: empty(signInClientId) ? '' : signInIdentity!.outputs.clientId
    settings: union(thresholds, {
      SSPR_TENANT_ID: tenantId
      SSPR_CLOUD: cloud
      SSPR_SCHEDULE: schedule
      SSPR_SWEEP_SCHEDULE: sweepSchedule
      SSPR_PURGE_SCHEDULE: purgeSchedule
      SSPR_LANG: language
      SSPR_CHECKS_DISABLED: checksDisabled
      SSPR_CONFIRM_AFTER: string(confirmAfter)
      SSPR_RECOVER_AFTER: string(recoverAfter)
      SSPR_KEEP_RUNS: string(keepRuns)
      SSPR_KEEP_DAYS: string(keepDays)
      SSPR_KEEP_CHANGES: string(keepChanges)
      SSPR_DECLARED_WRITEBACK: declaredWriteback
      SSPR_DECLARED_ADMIN_SSPR: declaredAdminSspr
      SSPR_DECLARED_TELEPHONY: declaredTelephony
    })
  }
}

module alerts 'alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    suffix: token
    location: location
    tags: allTags
    componentId: monitoring.outputs.componentId
    componentName: monitoring.outputs.componentName
    identityId: alertIdentity.outputs.id
    healthUrl: '${app.outputs.url}/api/healthz'
    emails: alertEmails
    webhook: alertWebhook
    logicAppId: alertLogicAppId
    logicAppTrigger: alertLogicAppTrigger
    warningDigest: warningDigest
    availabilityLocations: availabilityLocations
    deployedAt: deployedAt
  }
}

module workbook 'workbook/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: allTags
    componentId: monitoring.outputs.componentId
  }
}

output AZURE_RESOURCE_GROUP string = group.name
output FUNCTION_APP_NAME string = app.outputs.name
output FUNCTION_APP_URL string = app.outputs.url
output FUNCTION_PYTHON_VERSION string = pythonVersion
output SSPR_TENANT_ID string = tenantId
output SSPR_CLOUD string = cloud
output SSPR_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
output SIGN_IN_IDENTITY_PRINCIPAL_ID string = empty(signInClientId) ? '' : signInIdentity!.outputs.principalId
output WORKBOOK_ID string = workbook.outputs.id
