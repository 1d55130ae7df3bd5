// Not for use: see canary.bicep.
@description('A secret that is not marked as one.')
param secretKey string

@description('A name.')
param accountName string

@description('Where, with a default that the caller relies on.')
param location string = resourceGroup().location

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: accountName
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  tags: { key: secretKey }
}
