// Where the machine fetches its program from: an account of its own, since what holds backups would hold
// every upload. Closed but for the one address that uploads, while it uploads.

@description('Where it is.')
param location string
@description('The name of the storage account.')
param name string
@description('The one public IPv4 address that may upload now, or empty.')
param uploadAddress string
@description('The identity of the service.')
param identityName string
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

var blobDataReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_ZRS' }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    encryption: {
      keySource: 'Microsoft.Storage'
      requireInfrastructureEncryption: true
      services: { blob: { enabled: true, keyType: 'Account' } }
    }
    isLocalUserEnabled: false
    isSftpEnabled: false
    minimumTlsVersion: 'TLS1_2'
    networkAcls: {
      bypass: 'None'
      defaultAction: 'Deny'
      ipRules: empty(uploadAddress) ? [] : [{ action: 'Allow', value: uploadAddress }]
      virtualNetworkRules: []
    }
    publicNetworkAccess: empty(uploadAddress) ? 'Disabled' : 'Enabled'
    supportsHttpsTrafficOnly: true
  }

  resource service 'blobServices' = {
    name: 'default'
    properties: {
      containerDeleteRetentionPolicy: { enabled: true, days: 30 }
      deleteRetentionPolicy: { enabled: true, days: 30, allowPermanentDelete: false }
      isVersioningEnabled: true
    }

    resource container 'containers' = {
      name: 'packages'
      properties: { publicAccess: 'None' }
    }
  }
}

resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (createRoleAssignments) {
  name: guid(account::service::container.id, identity.id, blobDataReader)
  scope: account::service::container
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataReader)
  }
}

// Its last stable version lacks categoryGroup.
#disable-next-line use-recent-api-versions
resource record 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'record'
  scope: account::service
  properties: { workspaceId: workspaceId, logs: [{ categoryGroup: 'audit', enabled: true }] }
}

module endpoint 'endpoint.bicep' = {
  name: 'packages-endpoint'
  params: {
    location: location
    name: '${name}-endpoint'
    targetId: account.id
    group: 'blob'
    subnetId: subnetId
    zoneIds: [zoneIds.blob]
    tags: tags
  }
}

@description('The address of the container.')
output container string = uri(account.properties.primaryEndpoints.blob, account::service::container.name)
