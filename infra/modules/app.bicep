// The function app, on Flex Consumption. What Flex sets in functionAppConfig or no longer knows must
// not be an app setting: https://learn.microsoft.com/azure/azure-functions/functions-app-settings

@description('Name of the app.')
param name string

@description('Name of the plan; on Flex Consumption each app has its own.')
param planName string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Version of Python.')
param pythonVersion string

@description('Memory of an instance in MB.')
param instanceMemoryMB int

@description('Most instances at a time, for HTTP and for each timer.')
param maximumInstanceCount int

@description('Resource id of the identity that the app does everything with.')
param identityId string

@description('Client id of the same identity.')
param identityClientId string

@description('Name of the storage account.')
param storageName string

@description('Address of the blob container with the package.')
param packageContainer string

@description('Connection string of Application Insights: where to send to, which allows nobody to.')
param connectionString string

@description('Resource id of the subnet to reach storage through; empty: none.')
param subnetId string

@description('Client id of the app registration that signs people in; empty: nobody signs in.')
param signInClientId string

@description('Resource id of the identity that vouches for the app registration.')
param signInIdentityId string

@description('Client id of the same identity.')
param signInIdentityClientId string

@description('Settings of the app, by name.')
param settings object

var signsIn = !empty(signInClientId)

// Routes for programs, which bring a function key, and the one for probes, which brings nothing. App
// Service would send them to a page to sign in at.
var machineRoutes = [
  '/api/healthz'
  '/api/metrics'
  '/api/run'
]

// A setting of this name holds the client id of an identity, and its token takes the secret's place:
// https://learn.microsoft.com/azure/app-service/configure-authentication-provider-aad#use-a-managed-identity-instead-of-a-secret-preview
var signInSetting = 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'

resource storage 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: storageName
}

var hostSettings = {
  // Addresses rather than __accountName, which other clouds do not know.
  AzureWebJobsStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: storage.properties.primaryEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: storage.properties.primaryEndpoints.table
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  // Graph is asked with the same identity, whichever others are attached.
  AZURE_CLIENT_ID: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identityClientId}'
  // Up to Python 3.12 the worker's own packages come before the app's unless it is told not to.
  // https://learn.microsoft.com/azure/azure-functions/functions-app-settings#python_isolate_worker_dependencies
  PYTHON_ISOLATE_WORKER_DEPENDENCIES: '1'
  // The start page of the host tells everybody what runs here.
  AzureWebJobsDisableHomepage: 'true'
}

var signInSettings = {
  OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: signInIdentityClientId
  WEBSITE_AUTH_AAD_ALLOWED_TENANTS: tenant().tenantId
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  // checkov:skip=CKV_AZURE_225:not every region has zones; a run that is lost is made good by the next
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  // checkov:skip=CKV_AZURE_17:people's browsers, Prometheus and the availability test have no certificate
  // checkov:skip=CKV_AZURE_78:Flex Consumption knows no FTP; passwords for publishing are off below
  // checkov:skip=CKV_AZURE_212:Flex Consumption decides on instances by itself, from none
  // checkov:skip=CKV_AZURE_213:a setting of plans whose instances stay; the availability test asks healthz
  // checkov:skip=CKV_AZURE_222:the status is for people and tools; function keys or sign-in guard it
  name: name
  location: location
  tags: union(tags, {
    'azd-service-name': 'monitor'
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: union({
      '${identityId}': {}
    }, signsIn ? {
      '${signInIdentityId}': {}
    } : {})
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainer
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: pythonVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      http20Enabled: true
    }
  }
}

// Passwords for publishing; azd publishes with a token.
resource ftp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource scm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

resource appSettings 'Microsoft.Web/sites/config@2024-11-01' = {
  // checkov:skip=CKV_AZURE_13:sign-in is a configuration of its own, below
  // checkov:skip=CKV_AZURE_63:requests are in Application Insights; App Service's own log is not offered
  // checkov:skip=CKV_AZURE_65:detailed errors are pages of IIS
  // checkov:skip=CKV_AZURE_66:tracing of failed requests is one of IIS
  // checkov:skip=CKV_AZURE_80:no .NET here
  // checkov:skip=CKV_AZURE_88:nothing is mounted; Azure Files would take a shared key
  // checkov:skip=CKV_AZURE_222:said of the app itself, above
  parent: app
  name: 'appsettings'
  properties: union(settings, hostSettings, signsIn ? signInSettings : {})
}

resource authentication 'Microsoft.Web/sites/config@2024-11-01' = if (signsIn) {
  // checkov:skip=CKV_AZURE_13:it is on; this asks for the settings that version 2 replaced
  // checkov:skip=CKV_AZURE_63:requests are in Application Insights; App Service's own log is not offered
  // checkov:skip=CKV_AZURE_65:detailed errors are pages of IIS
  // checkov:skip=CKV_AZURE_66:tracing of failed requests is one of IIS
  // checkov:skip=CKV_AZURE_80:no .NET here
  // checkov:skip=CKV_AZURE_88:nothing is mounted; Azure Files would take a shared key
  // checkov:skip=CKV_AZURE_222:said of the app itself, above
  parent: app
  // Two changes of one configuration at a time are a conflict.
  dependsOn: [
    appSettings
  ]
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
      runtimeVersion: '~1'
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'RedirectToLoginPage'
      redirectToProvider: 'azureactivedirectory'
      excludedPaths: machineRoutes
    }
    httpSettings: {
      requireHttps: true
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          clientId: signInClientId
          clientSecretSettingName: signInSetting
        }
        validation: {
          allowedAudiences: [
            signInClientId
            'api://${signInClientId}'
          ]
        }
      }
    }
    login: {
      // The page needs to know that somebody signed in, not to act for them.
      tokenStore: {
        enabled: false
      }
    }
  }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
