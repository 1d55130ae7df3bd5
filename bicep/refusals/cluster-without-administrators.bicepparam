using '../main.bicep'

// Refused: clusterAdminGroupId: profile aks has no local accounts; name the group that administers the cluster.
param location = 'westeurope'
param dataResidency = 'eu'
param profile = 'aks'
param hostName = 'calendar.example.org'
param clientId = '6f1b0c52-52c7-4a55-9c1e-0b7c3f2d9a10'
param alertEmail = 'operators@example.org'
