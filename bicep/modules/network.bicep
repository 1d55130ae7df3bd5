// The private network: a subnet for private endpoints, and one for the machine or for a cluster's nodes.
// Nothing has a public address, and nothing leaves for the Internet but sign-in with Entra ID.

@description('Where everything is.')
param location string
@description('What names begin with.')
param namePrefix string
@description('The name of the network.')
param name string
@description('The network, /23 or larger.')
param addressPrefix string
@description('Who may reach the service on port 443.')
param clientPrefixes array
@description('Who may reach the machine by SSH, and the private endpoints.')
param operatorPrefixes array
@description('true for a cluster, false for a machine.')
param cluster bool
@description('Tags of every resource.')
param tags object

var allow = { access: 'Allow', direction: 'Inbound', protocol: 'Tcp', sourcePortRange: '*' }
var clients = {
  name: 'clients'
  properties: {
    ...allow
    priority: 100
    sourceAddressPrefixes: clientPrefixes
    destinationAddressPrefix: '*'
    destinationPortRange: '443'
  }
}
var operators = empty(operatorPrefixes)
  ? []
  : [
      {
        name: 'operators'
        properties: {
          ...allow
          priority: 110
          sourceAddressPrefixes: operatorPrefixes
          destinationAddressPrefix: '*'
          destinationPortRanges: ['22', '443']
        }
      }
    ]
var inside = {
  name: 'inside'
  properties: {
    ...allow
    protocol: '*'
    priority: 120
    sourceAddressPrefix: addressPrefix
    destinationAddressPrefix: addressPrefix
    destinationPortRange: '*'
  }
}
var balancer = {
  name: 'balancer'
  properties: {
    ...allow
    priority: 130
    sourceAddressPrefix: 'AzureLoadBalancer'
    destinationAddressPrefix: '*'
    destinationPortRange: '*'
  }
}
var deny = { access: 'Deny', protocol: '*', sourcePortRange: '*', sourceAddressPrefix: '*', destinationPortRange: '*' }
var denied = [
  {
    name: 'deny-inbound'
    properties: { ...deny, direction: 'Inbound', priority: 4000, destinationAddressPrefix: '*' }
  }
  {
    name: 'sign-in'
    properties: {
      ...allow
      direction: 'Outbound'
      priority: 3900
      sourceAddressPrefix: '*'
      destinationAddressPrefix: 'AzureActiveDirectory'
      destinationPortRange: '443'
    }
  }
  {
    name: 'deny-internet'
    properties: { ...deny, direction: 'Outbound', priority: 4000, destinationAddressPrefix: 'Internet' }
  }
]
var service = { name: 'service', prefix: cidrSubnet(addressPrefix, 26, 1), rules: [clients] }
var nodes = { name: 'nodes', prefix: cidrSubnet(addressPrefix, 24, 1), rules: [clients, inside, balancer] }
var subnets = [
  { name: 'endpoints', prefix: cidrSubnet(addressPrefix, 26, 0), rules: [inside] }
  cluster ? nodes : service
]

resource groups 'Microsoft.Network/networkSecurityGroups@2026-01-01' = [
  for subnet in subnets: {
    name: '${namePrefix}-${subnet.name}'
    location: location
    tags: tags
    properties: { securityRules: concat(subnet.rules, operators, denied) }
  }
]

resource network 'Microsoft.Network/virtualNetworks@2026-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      for (subnet, i) in subnets: {
        name: subnet.name
        properties: {
          addressPrefix: subnet.prefix
          defaultOutboundAccess: false
          networkSecurityGroup: { id: groups[i].id }
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }
}

@description('The subnet of private endpoints.')
output endpointsSubnetId string = resourceId('Microsoft.Network/virtualNetworks/subnets', network.name, 'endpoints')

@description('The subnet of the machine or of the nodes.')
output workSubnetId string = resourceId('Microsoft.Network/virtualNetworks/subnets', network.name, subnets[1].name)

@description('The network.')
output id string = network.id
