using '../main.bicep'

// Refused: collectorSha256: a sha256 has 64 hexadecimal digits.
param location = 'eastus'
param dataResidency = 'us'
param profile = 'single'
param hostName = 'calendar.example.org'
param clientId = '6f1b0c52-52c7-4a55-9c1e-0b7c3f2d9a10'
param adminUserName = 'operator'
param sshPublicKey = 'ssh-ed25519 AAAA operator@example.org'
param packageSha256 = '0000000000000000000000000000000000000000000000000000000000000000'
param collectorSha256 = '0123abc'
param alertEmail = 'operators@example.org'
