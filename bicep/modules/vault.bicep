// Key Vault: the key that wraps Freehold's own keys, and the certificate of the service. The key is made
// in an HSM, can only wrap and unwrap, and never leaves it.

@description('Where it is.')
param location string
@description('The name of the vault.')
param name string
@description('The name of the key.')
param keyName string
@description('The name of the certificate of the service.')
param certificateName string
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

var roles = {
  cryptoServiceEncryptionUser: 'e147488a-f6f5-4113-8e2d-b22465e65bf6'
  secretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'premium' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    enabledForDeployment: false
    enabledForDiskEncryption: false
    enabledForTemplateDeployment: false
    publicNetworkAccess: 'Disabled'
    networkAcls: { bypass: 'None', defaultAction: 'Deny', ipRules: [], virtualNetworkRules: [] }
  }

  // An earlier version stays enabled: it still unwraps what it wrapped.
  resource key 'keys' = {
    name: keyName
    tags: tags
    properties: {
      kty: 'RSA-HSM'
      keySize: 3072
      keyOps: ['wrapKey', 'unwrapKey']
      attributes: { enabled: true, exportable: false }
      rotationPolicy: {
        attributes: { expiryTime: 'P2Y' }
        lifetimeActions: [
          { trigger: { timeAfterCreate: 'P1Y' }, action: { type: 'rotate' } }
          { trigger: { timeBeforeExpiry: 'P30D' }, action: { type: 'notify' } }
        ]
      }
    }
  }
}

resource wraps 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (createRoleAssignments) {
  name: guid(vault::key.id, identity.id, roles.cryptoServiceEncryptionUser)
  scope: vault::key
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles.cryptoServiceEncryptionUser
    )
  }
}

// The certificate arrives later, by hand, so its secret is no resource here. The vault holds nothing else.
resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (createRoleAssignments) {
  name: guid(vault.id, identity.id, roles.secretsUser)
  scope: vault
  properties: {
    description: 'the certificate ${certificateName}'
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.secretsUser)
  }
}

// Its last stable version lacks categoryGroup.
#disable-next-line use-recent-api-versions
resource record 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'record'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'audit', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

module endpoint 'endpoint.bicep' = {
  name: 'vault-endpoint'
  params: {
    location: location
    name: '${name}-endpoint'
    targetId: vault.id
    group: 'vault'
    subnetId: subnetId
    zoneIds: [zoneIds.vault]
    tags: tags
  }
}

@description('The resource.')
output id string = vault.id

@description('The address of the vault.')
output address string = vault.properties.vaultUri
