// One private endpoint, and the names under which it is found. Every private endpoint is made here.

@description('Where it is.')
param location string
@description('The name of the endpoint.')
param name string
@description('What it leads to.')
param targetId string
@description('Which part of it: vault, blob, registry, azuremonitor.')
param group string
@description('The subnet that it is in.')
param subnetId string
@description('The zones that its names are written to.')
param zoneIds array
@description('Tags of every resource.')
param tags object

resource endpoint 'Microsoft.Network/privateEndpoints@2026-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    customNetworkInterfaceName: '${name}-nic'
    privateLinkServiceConnections: [
      { name: name, properties: { privateLinkServiceId: targetId, groupIds: [group] } }
    ]
  }
}

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2026-01-01' = {
  parent: endpoint
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      for id in zoneIds: { name: replace(last(split(id, '/')), '.', '-'), properties: { privateDnsZoneId: id } }
    ]
  }
}
