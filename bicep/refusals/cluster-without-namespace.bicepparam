using '../main.bicep'

// Refused: kubernetesNamespace, serviceAccount: profile aks needs both, as the chart is installed.
param location = 'westeurope'
param dataResidency = 'eu'
param profile = 'aks'
param hostName = 'calendar.example.org'
param clientId = '6f1b0c52-52c7-4a55-9c1e-0b7c3f2d9a10'
param clusterAdminGroupId = '0f2a8b54-6d1e-4b41-9a0a-3c1f9c1f2b11'
param alertEmail = 'operators@example.org'
param kubernetesNamespace = ''
