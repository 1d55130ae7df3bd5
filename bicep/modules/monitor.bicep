// Where telemetry goes: a workspace and Application Insights, reached through one private endpoint and
// with an identity only, since keys are turned off.

@description('Where it is.')
param location string
@description('What names begin with.')
param namePrefix string
@description('The identity that sends telemetry.')
param identityName string
@description('The subnet of private endpoints.')
param subnetId string
@description('The zones of private endpoints.')
param zoneIds object
@description('false where somebody assigns roles by hand.')
param createRoleAssignments bool
@description('Tags of every resource.')
param tags object

var monitoringMetricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

// Queries stay open to people with a role, as the portal needs; nothing can be sent from outside.
resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' = {
  name: '${namePrefix}-workspace'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: 90
    features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true }
    publicNetworkAccessForIngestion: 'Disabled'
    publicNetworkAccessForQuery: 'Enabled'
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: '${namePrefix}-insights'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    DisableIpMasking: false
    DisableLocalAuth: true
    IngestionMode: 'LogAnalytics'
    WorkspaceResourceId: workspace.id
    publicNetworkAccessForIngestion: 'Disabled'
    publicNetworkAccessForQuery: 'Enabled'
  }
}

resource scope 'Microsoft.Insights/privateLinkScopes@2021-09-01' = {
  name: '${namePrefix}-scope'
  location: 'global'
  tags: tags
  properties: { accessModeSettings: { ingestionAccessMode: 'PrivateOnly', queryAccessMode: 'Open' } }

  resource ofWorkspace 'scopedResources' = {
    name: 'workspace'
    properties: { linkedResourceId: workspace.id }
  }

  resource ofInsights 'scopedResources' = {
    name: 'insights'
    properties: { linkedResourceId: insights.id }
  }
}

resource publishes 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (createRoleAssignments) {
  name: guid(insights.id, identity.id, monitoringMetricsPublisher)
  scope: insights
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
  }
}

// The scope has to hold both before names lead to it.
module endpoint 'endpoint.bicep' = {
  name: 'monitor-endpoint'
  params: {
    location: location
    name: '${namePrefix}-monitor-endpoint'
    targetId: scope.id
    group: 'azuremonitor'
    subnetId: subnetId
    zoneIds: [zoneIds.monitor, zoneIds.oms, zoneIds.ods, zoneIds.agentsvc, zoneIds.blob]
    tags: tags
  }
  dependsOn: [scope::ofWorkspace, scope::ofInsights]
}

@description('The workspace.')
output workspaceId string = workspace.id

@description('Where a collector sends telemetry to.')
output connectionString string = insights.properties.ConnectionString
