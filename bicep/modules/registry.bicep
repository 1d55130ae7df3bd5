// Where a cluster without a way out gets images from: Freehold's own, imported by hand, and those of the
// cluster itself, through a cache of Microsoft's registry. Who fetches them is the identity of the nodes.

@description('Where it is.')
param location string
@description('The name of the registry.')
param name string
@description('The name of the identity of the nodes.')
param kubeletName string
@description('The subnet of private endpoints.')
param subnetId string
@description('The zones of private endpoints.')
param zoneIds object
@description('Where the record of accesses goes.')
param workspaceId string
@description('false where somebody assigns roles by hand.')
param createRoleAssignments bool
@description('Tags of every resource.')
param tags object

var acrPull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'

resource kubelet 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: kubeletName
  location: location
  tags: tags
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'Premium' }
  properties: {
    adminUserEnabled: false
    anonymousPullEnabled: false
    dataEndpointEnabled: true
    networkRuleBypassOptions: 'None'
    networkRuleSet: { defaultAction: 'Deny', ipRules: [] }
    policies: { exportPolicy: { status: 'disabled' }, azureADAuthenticationAsArmPolicy: { status: 'disabled' } }
    publicNetworkAccess: 'Disabled'
    zoneRedundancy: 'Enabled'
  }

  // The names are those that the cluster asks for.
  resource cache 'cacheRules' = {
    name: 'aks-managed-mcr'
    properties: { sourceRepository: 'mcr.microsoft.com/*', targetRepository: 'aks-managed-repository/*' }
  }
}

resource pulls 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (createRoleAssignments) {
  name: guid(registry.id, kubelet.id, acrPull)
  scope: registry
  properties: {
    principalId: kubelet.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', acrPull)
  }
}

// Its last stable version lacks categoryGroup.
#disable-next-line use-recent-api-versions
resource record 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'record'
  scope: registry
  properties: { workspaceId: workspaceId, logs: [{ categoryGroup: 'audit', enabled: true }] }
}

module endpoint 'endpoint.bicep' = {
  name: 'registry-endpoint'
  params: {
    location: location
    name: '${name}-endpoint'
    targetId: registry.id
    group: 'registry'
    subnetId: subnetId
    zoneIds: [zoneIds.registry]
    tags: tags
  }
}

@description('The registry, once the nodes can reach it.')
output id string = registry.id

@description('The name to pull from.')
output server string = registry.properties.loginServer
