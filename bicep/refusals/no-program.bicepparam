using '../main.bicep'

// Refused: packageSha256: profile single needs the sha256 of the program from SHA256SUMS, and aks takes none.
param location = 'eastus'
param dataResidency = 'us'
param profile = 'single'
param hostName = 'calendar.example.org'
param clientId = '6f1b0c52-52c7-4a55-9c1e-0b7c3f2d9a10'
param adminUserName = 'operator'
param sshPublicKey = 'ssh-ed25519 AAAA operator@example.org'
param alertEmail = 'operators@example.org'
