// Where backups go: written once, changed by nobody until their time is over. The service may not delete;
// what is old ends by the rules of the account.

@description('Where it is.')
param location string
@description('The name of the storage account.')
param name string
@description('Standard_GZRS or Standard_ZRS.')
param redundancy string
@description('For how many days nothing can be changed or deleted.')
param wormDays int
@description('After how many days backups are deleted.')
param backupDays int
@description('Who writes.')
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
var containers = 'Microsoft.Storage/storageAccounts/blobServices/containers'
// The role less deleting and moving: no container that it is assigned for is called nowhere.
var condition = '((!(ActionMatches{\'${containers}/blobs/delete\'}) AND !(ActionMatches{\'${containers}/blobs/move/action\'})) OR (@Resource[${containers}:name] StringEquals \'nowhere\'))'
var role = {
  principalId: identity.properties.principalId
  principalType: 'ServicePrincipal'
  roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
  conditionVersion: '2.0'
  condition: condition
}

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
      deleteRetentionPolicy: { enabled: true, days: 3, allowPermanentDelete: false }
      isVersioningEnabled: true
    }

    resource data 'containers' = {
      name: 'backups'
      properties: { publicAccess: 'None', immutableStorageWithVersioning: { enabled: true } }
      resource hold 'immutabilityPolicies' = {
        name: 'default'
        properties: { allowProtectedAppendWrites: false, immutabilityPeriodSinceCreationInDays: wormDays }
      }
    }

    // Not held: a destroyed key must not live on in an old ring. The present one opens all backups, and stays.
    resource keys 'containers' = {
      name: 'keys'
      properties: { publicAccess: 'None' }
    }
  }

  resource lifecycle 'managementPolicies' = {
    name: 'default'
    properties: {
      policy: {
        rules: map([{ name: 'backups', days: backupDays }, { name: 'keys', days: 3 }], kept => {
          name: kept.name
          type: 'Lifecycle'
          enabled: true
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['${kept.name}/'] }
            actions: union(
              kept.name == 'keys' ? {} : { baseBlob: { delete: { daysAfterCreationGreaterThan: kept.days } } },
              { version: { delete: { daysAfterCreationGreaterThan: kept.days } } }
            )
          }
        })
      }
    }
    dependsOn: [service]
  }
}

resource writes 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (createRoleAssignments) {
  name: guid(account::service::data.id, identity.id, blobDataContributor)
  scope: account::service::data
  properties: role
}

resource writesKeys 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (createRoleAssignments) {
  name: guid(account::service::keys.id, identity.id, blobDataContributor)
  scope: account::service::keys
  properties: role
}

// The last stable version lacks categoryGroup.
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

@description('The address of the container of backups.')
output data string = uri(account.properties.primaryEndpoints.blob, account::service::data.name)

@description('The address of the container of key rings.')
output keys string = uri(account.properties.primaryEndpoints.blob, account::service::keys.name)
