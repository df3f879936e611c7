const identity = { isDeviceBased: false, idType: 'userID' };
const common = {
  id_lists: {},
  layers: {},
  diagnostics: {},
  sdk_configs: {},
  company_id: 'bench',
  app_id: 'bench',
  has_updates: true,
  time: 1_760_000_000_000,
};

/** The definitions as the JavaScript SDK reads them: lists, conditions inside the rules. */
export function statsigLists(definitions) {
  return JSON.stringify({
    ...common,
    dynamic_configs: [],
    feature_gates: definitions.map(gate),
    layer_configs: [],
  });
}

/** The same as the native SDK reads them: maps by name, conditions in a map that the rules refer to. */
export function statsigMaps(definitions) {
  const conditions = [];
  const refer = (condition) => String(conditions.push(condition) - 1);
  const gates = definitions.map(gate).map((one) => ({
    ...one,
    rules: one.rules.map((rule) => ({ ...rule, conditions: rule.conditions.map(refer) })),
  }));
  return JSON.stringify({
    ...common,
    dynamic_configs: {},
    feature_gates: Object.fromEntries(gates.map((one) => [one.name, one])),
    layer_configs: {},
    experiment_to_layer: {},
    condition_map: Object.fromEntries(conditions.map((condition, index) => [index, condition])),
  });
}

function gate({ key, targeting, percentage }) {
  const rules = [
    rule(targeting.segment, 100, [
      field('plan', 'any_case_sensitive', [targeting.plan]),
      field('country', 'any_case_sensitive', targeting.countries),
      field('age', 'gt', targeting.olderThan),
    ]),
  ];
  if (percentage !== undefined) {
    const everyone = {
      type: 'public',
      targetValue: null,
      operator: null,
      field: null,
      additionalValues: {},
      ...identity,
    };
    rules.push(rule(`${key}-percentage`, percentage, [everyone]));
  }
  const state = { enabled: true, defaultValue: false, entity: 'feature_gate', version: 1 };
  return { name: key, type: 'feature_gate', salt: key, ...state, rules, ...identity };
}

function rule(id, passPercentage, conditions) {
  return {
    name: id,
    groupName: id,
    passPercentage,
    conditions,
    returnValue: true,
    id,
    salt: id,
    ...identity,
  };
}

function field(name, operator, targetValue) {
  return {
    type: 'user_field',
    targetValue,
    operator,
    field: name,
    additionalValues: { custom_field: name },
    ...identity,
  };
}
