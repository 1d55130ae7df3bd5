// Where backups go: written once by the service, changed and deleted by nobody until their time is over.
// The service has no right to delete; old backups end by the rule of the account.

@description('Where it is.')
param location string
@description('The name of the storage account.')
param name string
@description('Standard_GZRS or Standard_ZRS.')
param redundancy string
@description('For how many days nothing can be changed or deleted.')
param wormDays int
@description('Unlocked or Locked.')
param wormState string
@description('After how many days backups are deleted.')
param backupDays int
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

var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var blobs = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs'
var denied = ['delete', 'deleteBlobVersion/action', 'permanentDelete/action', 'move/action', 'manageOwnership/action']
// The role less these actions: the assignment is on another container than the one that is compared with.
var condition = join(
  map(
    denied,
    action =>
      '((!(ActionMatches{\'${blobs}/${action}\'})) OR (@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals \'nowhere\'))'
  ),
  ' AND '
)

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: redundancy }
  properties: {
    accessTier: 'Cool'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    encryption: {
      keySource: 'Microsoft.Storage'
      requireInfrastructureEncryption: true
      services: { blob: { enabled: true, keyType: 'Account' } }
    }
    immutableStorageWithVersioning: {
      enabled: true
      immutabilityPolicy: {
        allowProtectedAppendWrites: false
        immutabilityPeriodSinceCreationInDays: wormDays
        state: wormState
      }
    }
    isLocalUserEnabled: false
    isSftpEnabled: false
    minimumTlsVersion: 'TLS1_2'
    networkAcls: { bypass: 'None', defaultAction: 'Deny', ipRules: [], virtualNetworkRules: [] }
    publicNetworkAccess: 'Disabled'
    supportsHttpsTrafficOnly: true
  }

  resource service 'blobServices' = {
    name: 'default'
    properties: {
      containerDeleteRetentionPolicy: { enabled: true, days: wormDays }
      deleteRetentionPolicy: { enabled: true, days: wormDays, allowPermanentDelete: false }
      isVersioningEnabled: true
    }

    resource container 'containers' = {
      name: 'backups'
      properties: { publicAccess: 'None' }
    }
  }

  resource lifecycle 'managementPolicies' = {
    name: 'default'
    properties: {
      policy: {
        rules: [
          {
            name: 'end'
            type: 'Lifecycle'
            enabled: true
            definition: {
              filters: { blobTypes: ['blockBlob'], prefixMatch: ['backups/'] }
              actions: {
                baseBlob: { delete: { daysAfterCreationGreaterThan: backupDays } }
                version: { delete: { daysAfterCreationGreaterThan: backupDays } }
              }
            }
          }
        ]
      }
    }
    dependsOn: [service]
  }
}

resource writes 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (createRoleAssignments) {
  name: guid(account::service::container.id, identity.id, blobDataContributor)
  scope: account::service::container
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
    conditionVersion: '2.0'
    condition: condition
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
  name: 'backups-endpoint'
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
