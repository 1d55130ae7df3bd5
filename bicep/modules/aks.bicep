// A cluster for the Helm chart: private, without local accounts, without a way out, and with a federated
// credential that lets one service account act as Freehold's identity.

@description('Where it is.')
param location string
@description('What names begin with.')
param namePrefix string
@description('The availability zone of the nodes, or none. A data disk that is not ZRS is bound to it.')
param zone string
@description('The identity of the service.')
param identityName string
@description('The service account that may act as it.')
param subject string
@description('The group that administers the cluster.')
param adminGroupId string
@description('The identity of the nodes.')
param kubeletName string
@description('The registry that images come from.')
param registryId string
@description('The network.')
param networkName string
@description('Its subnet for nodes.')
param nodesSubnetId string
@description('Where the record of accesses goes.')
param workspaceId string
@description('false where somebody assigns roles by hand.')
param createRoleAssignments bool
@description('Tags of every resource.')
param tags object

var roles = {
  networkContributor: '4d97b98b-1d4f-4787-a291-c67834d212e7'
  managedIdentityOperator: 'f1a07417-d97a-45cb-824c-7a7467783830'
}
var pool = {
  availabilityZones: zone == 'none' ? null : ['1', '2', '3']
  enableEncryptionAtHost: true
  enableFIPS: false
  maxPods: 50
  osDiskSizeGB: 64
  osDiskType: 'Ephemeral'
  osSKU: 'AzureLinux'
  osType: 'Linux'
  securityProfile: { enableSecureBoot: true, enableVTPM: true, sshAccess: 'Disabled' }
  type: 'VirtualMachineScaleSets'
  upgradeSettings: { maxSurge: '33%' }
  vmSize: 'Standard_D4ads_v5'
  vnetSubnetID: nodesSubnetId
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName

  resource trust 'federatedIdentityCredentials' = {
    name: 'kubernetes'
    properties: {
      audiences: ['api://AzureADTokenExchange']
      issuer: cluster.properties.oidcIssuerProfile.issuerURL
      subject: subject
    }
  }
}

resource kubelet 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: kubeletName
}

resource network 'Microsoft.Network/virtualNetworks@2026-01-01' existing = {
  name: networkName

  resource nodes 'subnets' existing = {
    name: 'nodes'
  }
}

resource control 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${namePrefix}-control'
  location: location
  tags: tags
}

resource joins 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (createRoleAssignments) {
  name: guid(network::nodes.id, control.id, roles.networkContributor)
  scope: network::nodes
  properties: {
    principalId: control.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.networkContributor)
  }
}

resource assigns 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (createRoleAssignments) {
  name: guid(kubelet.id, control.id, roles.managedIdentityOperator)
  scope: kubelet
  properties: {
    principalId: control.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.managedIdentityOperator)
  }
}

resource cluster 'Microsoft.ContainerService/managedClusters@2026-03-01' = {
  name: '${namePrefix}-cluster'
  location: location
  tags: tags
  sku: { name: 'Base', tier: 'Standard' }
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${control.id}': {} } }
  properties: {
    aadProfile: { adminGroupObjectIDs: [adminGroupId], enableAzureRBAC: true, managed: true }
    agentPoolProfiles: [
      { ...pool, name: 'system', mode: 'System', count: 3, nodeTaints: ['CriticalAddonsOnly=true:NoSchedule'] }
      { ...pool, name: 'work', mode: 'User', count: 3 }
    ]
    apiServerAccessProfile: { disableRunCommand: true, enablePrivateCluster: true, privateDNSZone: 'system' }
    autoUpgradeProfile: { nodeOSUpgradeChannel: 'NodeImage', upgradeChannel: 'stable' }
    bootstrapProfile: { artifactSource: 'Cache', containerRegistryId: registryId }
    disableLocalAccounts: true
    dnsPrefix: namePrefix
    enableRBAC: true
    identityProfile: { kubeletidentity: { resourceId: kubelet.id } }
    networkProfile: {
      loadBalancerSku: 'standard'
      networkDataplane: 'cilium'
      networkPlugin: 'azure'
      networkPluginMode: 'overlay'
      networkPolicy: 'cilium'
      outboundType: 'none'
    }
    oidcIssuerProfile: { enabled: true }
    publicNetworkAccess: 'Disabled'
    securityProfile: { imageCleaner: { enabled: true, intervalHours: 48 }, workloadIdentity: { enabled: true } }
  }
  dependsOn: [joins, assigns]
}

// The categories of a cluster are few and chosen: all of them would be large.
#disable-next-line use-recent-api-versions
resource record 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'record'
  scope: cluster
  properties: {
    workspaceId: workspaceId
    logs: map(['kube-audit-admin', 'guard', 'kube-apiserver'], kind => { category: kind, enabled: true })
  }
}

@description('Who issues the tokens of service accounts.')
output issuer string = cluster.properties.oidcIssuerProfile.issuerURL
