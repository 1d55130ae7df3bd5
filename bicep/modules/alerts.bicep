// Who is told when something is wrong. The rules are data made from infra/alerts/alerts.toml, as those
// for Prometheus are.

@description('Where it is.')
param location string
@description('What names begin with.')
param namePrefix string
@description('Who is told.')
param email string
@description('Where telemetry is.')
param workspaceId string
@description('The key vault.')
param vaultId string
@description('Tags of every resource.')
param tags object

var rules = loadJsonContent('../../infra/alerts/azure.json')

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: '${namePrefix}-operators'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'freehold'
    emailReceivers: [{ name: 'operators', emailAddress: email, useCommonAlertSchema: true }]
  }
}

// Tables come into being with the first telemetry, so queries are not validated before.
resource queries 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for rule in rules: {
    name: '${namePrefix}-${rule.name}'
    location: location
    kind: 'LogAlert'
    tags: tags
    properties: {
      displayName: rule.name
      description: rule.description
      severity: rule.severity
      enabled: true
      autoMitigate: true
      skipQueryValidation: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT${rule.frequencyMinutes}M'
      windowSize: 'PT${rule.windowMinutes}M'
      criteria: {
        allOf: [
          {
            query: rule.kql
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { minFailingPeriodsToAlert: 1, numberOfEvaluationPeriods: 1 }
          }
        ]
      }
      actions: { actionGroups: [people.id] }
    }
  }
]

// What the vault itself counts, should the service be unable to say so.
resource throttled 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: '${namePrefix}-vault-throttled'
  location: 'global'
  tags: tags
  properties: {
    description: 'Key Vault answers 429: too many requests to the vault.'
    severity: 2
    enabled: true
    autoMitigate: true
    scopes: [vaultId]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'throttled'
          metricName: 'ServiceApiResult'
          metricNamespace: 'Microsoft.KeyVault/vaults'
          dimensions: [{ name: 'StatusCode', operator: 'Include', values: ['429'] }]
          operator: 'GreaterThan'
          threshold: 0
          timeAggregation: 'Count'
        }
      ]
    }
    actions: [{ actionGroupId: people.id }]
  }
}
