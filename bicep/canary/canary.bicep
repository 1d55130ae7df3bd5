// Not for use: it breaks every rule of ../bicepconfig.json on purpose. Nobody checks that file, so a rule
// whose name is misspelt there would be silent; tests/it/deploy asks for each by name.
param notDescribed string
param unused string = 'a'
param location string = resourceGroup().location
param adminUsername string
@secure()
param secret string = 'literal'
@secure()
param given string
@metadata({ description: 'once' })
@description('twice')
param twice string
param moment string = utcNow()

var leftover = 'never used'
var vaultHost = 'https://example.vault.azure.net'
var joined = concat('a', notDescribed)
var same = '${notDescribed}'
var nothing = json('null')
var quoted = { 'plain': notDescribed }
var member = contains(twiceObject, 'other') ? twiceObject.other : ''
param twiceObject object

resource known 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: 'nobody'
}

resource never 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: 'never'
}

resource old 'Microsoft.Storage/storageAccounts@2019-06-01' = {
  name: 'old${moment}'
  location: 'eastus'
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  dependsOn: [other]
}

resource other 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: 'other'
  location: resourceGroup().location
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
}

resource child 'Microsoft.Storage/storageAccounts/blobServices@2026-04-01' = {
  name: '${old.name}/default'
  dependsOn: [old]
}

resource machine 'Microsoft.Compute/virtualMachines@2026-03-01' = {
  name: 'machine'
  location: location
  properties: {
    osProfile: { adminUsername: 'literal', adminPassword: notDescribed }
    storageProfile: { imageReference: { publisher: 'a', offer: 'b', sku: 'preview', version: 'latest-preview' } }
  }
}

resource extension 'Microsoft.Compute/virtualMachines/extensions@2026-03-01' = {
  parent: machine
  name: 'extension'
  location: location
  properties: {
    publisher: 'Microsoft.Azure.Extensions'
    type: 'CustomScript'
    typeHandlerVersion: '2.1'
    settings: { commandToExecute: 'echo ${given}' }
  }
}

resource card 'Microsoft.Network/networkInterfaces@2026-01-01' = {
  name: 'card'
  location: location
  properties: { ipConfigurations: [{ name: 'a', properties: { subnet: { id: '/subscriptions/${notDescribed}' } } }] }
}

resource nested 'Microsoft.Resources/deployments@2025-04-01' = {
  name: 'nested'
  properties: {
    mode: 'Incremental'
    expressionEvaluationOptions: { scope: 'outer' }
    template: {
      '$schema': 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#'
      contentVersion: '1.0.0.0'
      resources: []
      variables: { leak: given }
    }
  }
}

module part 'part.bicep' = {
  name: 'part'
  params: { secretKey: notDescribed, accountName: other.properties.primaryEndpoints.blob }
}

output keys string = known.listKeys().keys[0].value
output fixed string = 'literal'
output place string = reference(old.id).primaryEndpoints.blob
