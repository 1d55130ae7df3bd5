using '../main.bicep'

// Refused: adminUserName, sshPublicKey: profile single needs both; passwords are refused.
param location = 'eastus'
param dataResidency = 'us'
param profile = 'single'
param hostName = 'calendar.example.org'
param clientId = '6f1b0c52-52c7-4a55-9c1e-0b7c3f2d9a10'
param adminUserName = 'operator'
param packageSha256 = '0000000000000000000000000000000000000000000000000000000000000000'
param alertEmail = 'operators@example.org'
