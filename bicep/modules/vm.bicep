// One virtual machine with the embedded database. `customData` can never change after creation, so it is
// the same for everybody and says how to fetch; what varies is in `userData`, which may change at any time.

@description('Where it is.')
param location string
@description('What names begin with.')
param namePrefix string
@description('The availability zone, or none.')
param zone string
@description('The size of the machine.')
param size string
@description('The administrator of the machine.')
param adminUserName string
@description('Their public SSH key.')
param sshPublicKey string
@description('The data disk: sku, sizeGib.')
param disk object
@description('ImageDefault or AutomaticByPlatform.')
param patchMode string
@description('The identity of the service.')
param identityName string
@description('The subnet of the machine.')
param subnetId string
@description('The programs: container, sha256, collectorSha256 or empty, connectionString.')
param program object
@description('What stands in files/freehold.toml, by name.')
param settings object
@description('Tags of every resource.')
param tags object

var files = {
  '/etc/systemd/system/freehold.service': loadTextContent('../files/freehold.service')
  '/etc/systemd/system/freehold-collector.service': loadTextContent('../files/freehold-collector.service')
  '/etc/systemd/system/freehold-fetch.service': loadTextContent('../files/freehold-fetch.service')
  '/etc/systemd/system/freehold-fetch.timer': loadTextContent('../files/freehold-fetch.timer')
  '/etc/systemd/system/freehold-data-disk.service': loadTextContent('../files/freehold-data-disk.service')
  '/etc/systemd/system/var-lib-freehold.mount': loadTextContent('../files/var-lib-freehold.mount')
  '/etc/systemd/journald.conf.d/freehold.conf': loadTextContent('../files/journald.conf')
  '/etc/sysusers.d/freehold.conf': loadTextContent('../files/sysusers.conf')
  '/usr/local/sbin/freehold-fetch': loadTextContent('../files/freehold-fetch')
  '/usr/local/sbin/freehold-data-disk': loadTextContent('../files/freehold-data-disk')
}
var cloudInit = union(loadYamlContent('../files/cloud-init.yaml'), {
  write_files: map(items(files), file => {
    path: file.key
    content: file.value
    permissions: contains(file.key, '/sbin/') ? '0755' : '0644'
  })
})

var values = items(union(settings, { identity: identity.properties.clientId }))
var template = loadTextContent('../files/freehold.toml')
var freehold = {
  unit: 'freehold'
  package: uri(program.container, 'packages/freehold-${program.sha256}')
  sha256: program.sha256
  config: reduce(values, template, (text, value) => replace(string(text), '<${value.key}>', value.value))
}
var collector = {
  unit: 'freehold-collector'
  package: uri(program.container, 'packages/freehold-collector-${program.collectorSha256}')
  sha256: program.collectorSha256
  config: loadTextContent('../../infra/otel/collector.yaml')
  environment: 'AZURE_CLIENT_ID=${identity.properties.clientId}\nAPPLICATIONINSIGHTS_CONNECTION_STRING=${program.connectionString}\n'
}

var zones = zone == 'none' ? [] : [zone]

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

// Outlives the machine: everything that is kept is on it.
resource data 'Microsoft.Compute/disks@2026-03-02' = {
  name: '${namePrefix}-data'
  location: location
  tags: tags
  sku: { name: disk.sku }
  zones: endsWith(disk.sku, '_ZRS') ? null : zones
  properties: {
    creationData: { createOption: 'Empty' }
    diskSizeGB: disk.sizeGib
    encryption: { type: 'EncryptionAtRestWithPlatformKey' }
    networkAccessPolicy: 'DenyAll'
    publicNetworkAccess: 'Disabled'
  }
}

resource card 'Microsoft.Network/networkInterfaces@2026-01-01' = {
  name: '${namePrefix}-nic'
  location: location
  tags: tags
  properties: {
    ipConfigurations: [
      { name: 'private', properties: { subnet: { id: subnetId }, privateIPAllocationMethod: 'Dynamic' } }
    ]
  }
}

resource machine 'Microsoft.Compute/virtualMachines@2026-03-01' = {
  name: '${namePrefix}-vm'
  location: location
  tags: tags
  zones: zones
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    hardwareProfile: { vmSize: size }
    securityProfile: {
      encryptionAtHost: true
      securityType: 'TrustedLaunch'
      uefiSettings: { secureBootEnabled: true, vTpmEnabled: true }
    }
    osProfile: {
      computerName: '${namePrefix}-vm'
      adminUsername: adminUserName
      allowExtensionOperations: patchMode == 'AutomaticByPlatform'
      customData: base64('#cloud-config\n${string(cloudInit)}\n')
      linuxConfiguration: {
        disablePasswordAuthentication: true
        patchSettings: { assessmentMode: 'ImageDefault', patchMode: patchMode }
        provisionVMAgent: true
        ssh: { publicKeys: [{ path: '/home/${adminUserName}/.ssh/authorized_keys', keyData: sshPublicKey }] }
      }
    }
    storageProfile: {
      imageReference: { publisher: 'Canonical', offer: 'ubuntu-24_04-lts', sku: 'server', version: 'latest' }
      osDisk: {
        caching: 'ReadOnly'
        createOption: 'FromImage'
        deleteOption: 'Delete'
        managedDisk: { storageAccountType: 'Premium_LRS' }
      }
      dataDisks: [
        { lun: 0, createOption: 'Attach', caching: 'None', deleteOption: 'Detach', managedDisk: { id: data.id } }
      ]
    }
    networkProfile: { networkInterfaces: [{ id: card.id, properties: { deleteOption: 'Detach' } }] }
    diagnosticsProfile: { bootDiagnostics: { enabled: true } }
    userData: base64(string({
      identity: identity.properties.clientId
      programs: empty(program.collectorSha256) ? [freehold] : [freehold, collector]
    }))
  }
}

@description('The private address.')
output address string = card.properties.ipConfigurations[0].properties.privateIPAddress
