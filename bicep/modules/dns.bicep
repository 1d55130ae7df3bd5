// The zones under which private endpoints are found from inside the network.

@description('The name of the links to the network.')
param name string
@description('The network.')
param networkId string
@description('true for a cluster, false for a machine.')
param cluster bool
@description('Tags of every resource.')
param tags object

// Suffixes that Azure gives by environment() are asked for there.
var allZones = {
  vault: 'privatelink.vaultcore.azure.net'
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  registry: 'privatelink.azurecr.io'
  monitor: 'privatelink.monitor.azure.com'
  oms: 'privatelink.oms.opinsights.azure.com'
  ods: 'privatelink.ods.opinsights.azure.com'
  agentsvc: 'privatelink.agentsvc.azure-automation.net'
}
var zones = filter(items(allZones), zone => cluster || zone.key != 'registry')

resource dns 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zone in zones: {
    name: zone.value
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zone, i) in zones: {
    parent: dns[i]
    name: name
    location: 'global'
    tags: tags
    properties: { registrationEnabled: false, virtualNetwork: { id: networkId } }
  }
]

@description('The ids of the zones of private endpoints, by their short names.')
output zoneIds object = toObject(
  zones,
  zone => zone.key,
  zone => resourceId('Microsoft.Network/privateDnsZones', zone.value)
)
