using '../main.bicep'

// One machine in West Europe.
param location = 'westeurope'
param dataResidency = 'eu'
param profile = 'single'
param hostName = 'calendar.example.org'
param clientId = readEnvironmentVariable('FREEHOLD_CLIENT_ID', '6f1b0c52-52c7-4a55-9c1e-0b7c3f2d9a10')
param adminUserName = 'operator'
param sshPublicKey = readEnvironmentVariable('FREEHOLD_SSH_KEY', 'ssh-ed25519 AAAA operator@example.org')
param packageSha256 = readEnvironmentVariable(
  'FREEHOLD_SHA256',
  '0000000000000000000000000000000000000000000000000000000000000000'
)
param alertEmail = 'operators@example.org'
param operatorPrefixes = ['10.61.0.0/26']
param collectorSha256 = '1111111111111111111111111111111111111111111111111111111111111111'
