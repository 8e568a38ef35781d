// A network of the app's own, through which it reaches storage. Nothing else is in it.

@description('Name of the virtual network.')
param name string

@description('Region.')
param location string

@description('Tags.')
param tags object

@description('Name of the storage account.')
param storageName string

// What the host and the app ask of storage; it has no queue and no file share.
var services = [
  'blob'
  'table'
]

resource network 'Microsoft.Network/virtualNetworks@2024-10-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [
        '10.0.0.0/24'
      ]
    }
    subnets: [
      {
        // At least a /27, of this app alone, and no underscore in the name:
        // https://learn.microsoft.com/azure/azure-functions/functions-networking-options#subnets
        name: 'app'
        properties: {
          addressPrefix: '10.0.0.0/26'
          delegations: [
            {
              name: 'functions'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: '10.0.0.64/26'
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }
}

module endpoint 'private-endpoint.bicep' = [for service in services: {
  name: 'endpoint-${service}'
  params: {
    service: service
    storageName: storageName
    networkId: network.id
    subnetId: '${network.id}/subnets/endpoints'
    location: location
    tags: tags
  }
}]

output appSubnetId string = '${network.id}/subnets/app'
