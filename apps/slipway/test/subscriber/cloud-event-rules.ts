/**
 * The JSON schema of CloudEvents 1.0 (spec/cloudevents/formats/cloudevents.json of cloudevents/spec, tag v1.0.2), transcribed by hand: which
 * attributes there are, which are required, their types and formats. Beside it the rules of the specification for extension attributes.
 */
const TEXT_ATTRIBUTES: Readonly<
  Record<string, { readonly required: boolean; readonly format?: (text: string) => boolean }>
> = {
  id: { required: true },
  source: { required: true, format: (text) => URL.canParse(text, 'http://host') && !/[\s<>"{}|\\^`]/.test(text) },
  specversion: { required: true, format: (text) => text === '1.0' },
  type: { required: true },
  datacontenttype: { required: false, format: (text) => /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:;.+)?$/.test(text) },
  dataschema: { required: false, format: (text) => /^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>"{}|\\^`]+$/.test(text) },
  subject: { required: false },
  time: { required: false, format: isRfc3339 },
};
const DATA_ATTRIBUTES = new Set(['data', 'data_base64']);

function isRfc3339(text: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/.test(text) && !Number.isNaN(Date.parse(text))
  );
}

/** What is wrong with an event in the structured JSON format; empty for a valid one. */
export function cloudEventProblems(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ['is not a JSON object'];
  const event = value as Record<string, unknown>;
  const problems: string[] = [];
  for (const [name, { required, format }] of Object.entries(TEXT_ATTRIBUTES)) {
    const attribute = event[name];
    if (attribute === undefined || attribute === null) {
      if (required || attribute === null) problems.push(`${name} is missing`);
    } else if (typeof attribute !== 'string' || attribute === '') problems.push(`${name} is not a non-empty string`);
    else if (format && !format(attribute)) problems.push(`${name} is '${attribute}'`);
  }
  for (const [name, attribute] of Object.entries(event)) {
    if (name in TEXT_ATTRIBUTES || DATA_ATTRIBUTES.has(name)) continue;
    if (!/^[a-z0-9]{1,20}$/.test(name)) problems.push(`extension ${name} has a name that is not allowed`);
    const isInteger = typeof attribute === 'number' && Number.isInteger(attribute) && Math.abs(attribute) < 2 ** 31;
    if (typeof attribute !== 'string' && typeof attribute !== 'boolean' && !isInteger)
      problems.push(`extension ${name} has no simple type`);
  }
  if ('data' in event && 'data_base64' in event) problems.push('has data twice');
  return problems;
}
