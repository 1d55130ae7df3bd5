// Freehold in one resource group: an identity, a private network, Key Vault, backups, monitoring, and
// the machine or cluster that runs it. Each module has one subject and at most 150 lines.
//
// A further profile is a module beside `vm` and `cluster`, chosen by `profile`.

@description('Where everything is. It has to be in the geography of dataResidency.')
param location string = resourceGroup().location
@allowed(['single', 'aks'])
@description('single: one virtual machine with the embedded database. aks: a cluster for the Helm chart.')
param profile string = 'single'
@allowed(['us', 'eu'])
@description('The geography that nothing may leave: the United States or the European Union.')
param dataResidency string
@minLength(3)
@maxLength(10)
@description('What the names of all resources begin with: lower-case letters and digits.')
param namePrefix string = 'freehold'
@description('The name under which people reach the service, such as calendar.example.org.')
param hostName string
@description('The application (client) id of the registration in Entra ID that people sign in with.')
param clientId string
@description('The directory (tenant) whose people may sign in.')
param signInTenantId string = tenant().tenantId
@maxLength(24)
@description('The name of the key vault: another one where an earlier vault of this name is still soft-deleted.')
param keyVaultName string = take('${namePrefix}-kv-${uniqueString(resourceGroup().id, namePrefix)}', 24)
@description('The name of the certificate of the service in the key vault.')
param certificateName string = 'freehold-tls'
@description('single: the administrator of the machine, who signs in with the SSH key only.')
param adminUserName string = ''
@description('single: the public SSH key of that administrator.')
param sshPublicKey string = ''
@description('single: the size of the machine.')
param vmSize string = 'Standard_D2as_v5'
@allowed(['Premium_ZRS', 'StandardSSD_ZRS', 'Premium_LRS', 'StandardSSD_LRS'])
@description('single: the kind of the data disk. ZRS outlives the loss of a zone.')
param dataDiskSku string = 'Premium_ZRS'
@minValue(16)
@maxValue(4096)
@description('single: the size of the data disk in GiB. It can grow later and never shrink.')
param dataDiskGib int = 64
@allowed(['1', '2', '3', 'none'])
@description('The availability zone of the machine, none where the region has no zones.')
param zone string = '1'
@allowed(['ImageDefault', 'AutomaticByPlatform'])
@description('single: AutomaticByPlatform needs a package mirror inside the network; else re-create the machine.')
param patchMode string = 'ImageDefault'
@description('single: the sha256 of the program, as in SHA256SUMS. It is the blob freehold-SHA256 in packages.')
param packageSha256 string = ''
@description('single: the sha256 of an OpenTelemetry collector, the blob freehold-collector-SHA256. Empty is none.')
param collectorSha256 string = ''
@description('single: further settings in TOML, appended to those that the template writes.')
param furtherSettings string = '# none'
@description('The one public IPv4 address that may upload a program now. Empty closes the account.')
param uploadAddress string = ''
@description('The network of this deployment, /23 or larger.')
param addressPrefix string = '10.60.0.0/22'
@description('Who may reach the service on port 443: networks of your own. The Internet is refused.')
param clientPrefixes array = [addressPrefix]
@description('Who may reach the machine by SSH, and the private endpoints: the network of your bastion. Empty is nobody.')
param operatorPrefixes array = []
@description('false where somebody with the right to assign roles does that by hand.')
param createRoleAssignments bool = true
@minValue(1)
@maxValue(365)
@description('For how many days no backup can be changed or deleted by anybody.')
param wormDays int = 30
@minValue(2)
@maxValue(3650)
@description('After how many days backups are deleted.')
param backupDays int = 35
@allowed(['Standard_GZRS', 'Standard_ZRS'])
@description('GZRS keeps a copy in the paired region of the same geography, ZRS stays in the region.')
param backupRedundancy string = 'Standard_GZRS'
@description('Who is told of alerts.')
param alertEmail string
@description('aks: the namespace that the chart is installed in.')
param kubernetesNamespace string = 'freehold'
@description('aks: the service account of the chart.')
param serviceAccount string = 'freehold'
@description('aks: the object id of the Entra ID group that administers the cluster.')
param clusterAdminGroupId string = ''
@description('Tags of every resource.')
param tags object = {}

var regions = loadJsonContent('files/regions.json')
var region = toLower(replace(location, ' ', ''))
var single = profile == 'single'
var open = ['*', '0.0.0.0/0', '::/0', 'any', 'internet']
var refusals = [
  contains(regions[dataResidency], region)
    ? ''
    : 'location: ${location} is outside ${dataResidency}; choose one of ${join(regions[dataResidency], ', ')}.'
  empty(packageSha256) == single
    ? 'packageSha256: profile single needs the sha256 of the program from SHA256SUMS, and aks takes none.'
    : ''
  !empty(packageSha256) && length(packageSha256) != 64 ? 'packageSha256: a sha256 has 64 hexadecimal digits.' : ''
  !empty(collectorSha256) && length(collectorSha256) != 64 ? 'collectorSha256: a sha256 has 64 hexadecimal digits.' : ''
  single && (empty(adminUserName) || empty(sshPublicKey))
    ? 'adminUserName, sshPublicKey: profile single needs both; passwords are refused.'
    : ''
  single && endsWith(dataDiskSku, '_LRS') && zone == 'none'
    ? 'dataDiskSku: ${dataDiskSku} is bound to one zone; set zone, or choose a ZRS disk.'
    : ''
  !single && empty(clusterAdminGroupId)
    ? 'clusterAdminGroupId: profile aks has no local accounts; name the group that administers the cluster.'
    : ''
  !single && (empty(kubernetesNamespace) || empty(serviceAccount))
    ? 'kubernetesNamespace, serviceAccount: profile aks needs both, as the chart is installed.'
    : ''
  backupDays < wormDays
    ? 'backupDays: ${backupDays} is less than wormDays ${wormDays}; keep backups at least as long.'
    : ''
  parseCidr(addressPrefix).cidr > 23 ? 'addressPrefix: ${addressPrefix} is too small; take a /23 or larger.' : ''
  empty(clientPrefixes) || !empty(intersection(map(union(clientPrefixes, operatorPrefixes), p => toLower(p)), open))
    ? 'clientPrefixes, operatorPrefixes: name your own networks; the whole Internet and an empty list are refused.'
    : ''
]
var refused = filter(refusals, sentence => !empty(sentence))
var checked = empty(refused) ? location : fail(join(refused, ' '))

var suffix = uniqueString(resourceGroup().id, namePrefix)
var names = {
  network: '${namePrefix}-network'
  key: 'freehold'
  backups: take('${toLower(namePrefix)}bk${suffix}', 24)
  packages: take('${toLower(namePrefix)}pk${suffix}', 24)
  registry: take('${toLower(namePrefix)}cr${suffix}', 50)
}
var subject = single ? '' : 'system:serviceaccount:${kubernetesNamespace}:${serviceAccount}'

// A resource here and no module: its name and id are known at the start, and carry the dependency.
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${namePrefix}-identity'
  location: checked
  tags: tags
}

module network 'modules/network.bicep' = {
  name: 'network'
  params: {
    location: checked
    namePrefix: namePrefix
    name: names.network
    addressPrefix: addressPrefix
    clientPrefixes: clientPrefixes
    operatorPrefixes: operatorPrefixes
    cluster: !single
    tags: tags
  }
}

module dns 'modules/dns.bicep' = {
  name: 'dns'
  params: { name: names.network, networkId: network.outputs.id, cluster: !single, tags: tags }
}

module monitor 'modules/monitor.bicep' = {
  name: 'monitor'
  params: {
    location: checked
    namePrefix: namePrefix
    identityName: identity.name
    subnetId: network.outputs.endpointsSubnetId
    zoneIds: dns.outputs.zoneIds
    createRoleAssignments: createRoleAssignments
    tags: tags
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  params: {
    location: checked
    name: keyVaultName
    keyName: names.key
    certificateName: certificateName
    identityName: identity.name
    subnetId: network.outputs.endpointsSubnetId
    zoneIds: dns.outputs.zoneIds
    workspaceId: monitor.outputs.workspaceId
    createRoleAssignments: createRoleAssignments
    tags: tags
  }
}

module backups 'modules/backups.bicep' = {
  name: 'backups'
  params: {
    location: checked
    name: names.backups
    redundancy: backupRedundancy
    wormDays: wormDays
    backupDays: backupDays
    identityName: identity.name
    subnetId: network.outputs.endpointsSubnetId
    zoneIds: dns.outputs.zoneIds
    workspaceId: monitor.outputs.workspaceId
    createRoleAssignments: createRoleAssignments
    tags: tags
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    location: checked
    namePrefix: namePrefix
    email: alertEmail
    workspaceId: monitor.outputs.workspaceId
    vaultId: vault.outputs.id
    tags: tags
  }
}

module packages 'modules/packages.bicep' = if (single) {
  name: 'packages'
  params: {
    location: checked
    name: names.packages
    uploadAddress: uploadAddress
    identityName: identity.name
    subnetId: network.outputs.endpointsSubnetId
    zoneIds: dns.outputs.zoneIds
    workspaceId: monitor.outputs.workspaceId
    createRoleAssignments: createRoleAssignments
    tags: tags
  }
}

module vm 'modules/vm.bicep' = if (single) {
  name: 'vm'
  params: {
    location: checked
    namePrefix: namePrefix
    zone: zone
    size: vmSize
    adminUserName: adminUserName
    sshPublicKey: sshPublicKey
    disk: { sku: dataDiskSku, sizeGib: dataDiskGib }
    patchMode: patchMode
    identityName: identity.name
    subnetId: network.outputs.workSubnetId
    program: {
      container: packages!.outputs.container
      sha256: packageSha256
      collectorSha256: collectorSha256
      connectionString: monitor.outputs.connectionString
    }
    settings: {
      hostName: hostName
      tenantId: signInTenantId
      clientId: clientId
      certificate: uri(vault.outputs.address, 'secrets/${certificateName}')
      key: uri(vault.outputs.address, 'keys/${names.key}')
      backups: backups.outputs.data
      rings: backups.outputs.keys
      telemetry: empty(collectorSha256) ? '# no collector' : '[telemetry]\notlp_endpoint = "http://127.0.0.1:4318"'
      furtherSettings: furtherSettings
    }
    tags: tags
  }
}

module registry 'modules/registry.bicep' = if (!single) {
  name: 'registry'
  params: {
    location: checked
    name: names.registry
    kubeletName: '${namePrefix}-kubelet'
    subnetId: network.outputs.endpointsSubnetId
    zoneIds: dns.outputs.zoneIds
    workspaceId: monitor.outputs.workspaceId
    createRoleAssignments: createRoleAssignments
    tags: tags
  }
}

module cluster 'modules/aks.bicep' = if (!single) {
  name: 'cluster'
  params: {
    location: checked
    namePrefix: namePrefix
    zone: zone
    identityName: identity.name
    subject: subject
    adminGroupId: clusterAdminGroupId
    kubeletName: '${namePrefix}-kubelet'
    registryId: registry!.outputs.id
    networkName: names.network
    nodesSubnetId: network.outputs.workSubnetId
    workspaceId: monitor.outputs.workspaceId
    createRoleAssignments: createRoleAssignments
    tags: tags
  }
}

@description('azure.client_id, and the annotation of the service account.')
output identityClientId string = identity.properties.clientId

@description('The tenant of this subscription.')
output tenantId string = tenant().tenantId

@description('The address of the key vault.')
output keyVaultUri string = vault.outputs.address

@description('The name of the key: vault.key_vault_key is keyVaultUri, then keys/, then this.')
output keyName string = names.key

@description('The container that backups go to.')
output backupContainerUrl string = backups.outputs.data

@description('The container that key rings go to.')
output keyContainerUrl string = backups.outputs.keys

@description('single: the storage account that the program is uploaded to.')
output packagesAccount string = single ? names.packages : ''

@description('single: the address of the machine, for your DNS.')
output privateAddress string = single ? vm!.outputs.address : ''

@description('aks: what the federated credential trusts; the chart has to be installed as this.')
output serviceAccountSubject string = subject

@description('aks: who issues the tokens of service accounts.')
output clusterOidcIssuer string = single ? '' : cluster!.outputs.issuer

@description('aks: the registry to import the image into.')
output registryServer string = single ? '' : registry!.outputs.server

@description('Where a collector sends telemetry to; useless without the identity.')
output telemetryConnectionString string = monitor.outputs.connectionString
