/** One request that has to be refused. */
export interface HostileRequest {
  /** Class of the attack, with a published case where there is one. */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Sent as it is written, not normalised. */
  readonly path: string;
  readonly body?: unknown;
  /** Bytes instead of JSON. */
  readonly bytes?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of HTTP; one of them. */
  readonly status: readonly number[];
  /** Text that must be nowhere in the answer. */
  readonly never?: string;
}

/** What is there, and must be as it was afterwards. */
export interface Victim {
  readonly experiment: string;
  readonly run: string;
  readonly model: string;
  /** In the data directory, outside of all artifacts. */
  readonly secretText: string;
  readonly secretPath: string;
}

const API = '/api/2.0/mlflow';
const PROXY = '/api/2.0/mlflow-artifacts/artifacts';
const BAD = [400, 404] as const;

/** Ways out of a folder, in the spellings that servers have fallen for. */
const CLIMBS = [
  '../x',
  '../../../../../../../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e/%2e%2e/etc/passwd',
  '%252e%252e%252fetc%252fpasswd',
  '..%5c..%5cwindows%5cwin.ini',
  '..\\..\\x',
  '%2fetc%2fpasswd',
  'C:%5cwindows%5cwin.ini',
  'a/%2e%2e/%2e%2e/%2e%2e/x',
  'a%00.txt',
  '....%2f%2f..%2f..%2fx',
  '.%2f..%2fx',
] as const;

/** Sources and locations that name what is the server's own. */
const LOCAL_PLACES = [
  '/',
  '/etc',
  '//etc/passwd',
  'file:///etc/passwd',
  'FILE:///etc',
  'file:/etc',
  'file://localhost/etc',
  'file:///etc/passwd#/../x',
  'http:///#/../../etc/',
  'https://host.invalid/a/../../etc',
  's3://bucket/%2e%2e/%2e%2e/x',
  's3://bucket/a/%252e%252e/x',
  'mlflow-artifacts:/../../etc',
  'mlflow-artifacts:/1/%2e%2e/%2e%2e/etc',
  'mlflow-artifacts://host/..%2f..%2fx',
  's3://bucket\\..\\x',
] as const;

const WEBHOOK_URLS = [
  'http://93.184.215.14/x',
  'https://127.0.0.1/x',
  'https://localhost/x',
  'https://[::1]/x',
  'https://[::ffff:127.0.0.1]/x',
  'https://169.254.169.254/latest/meta-data',
  'https://2130706433/x',
  'https://0x7f.1/x',
  'https://10.0.0.1/x',
  'https://192.168.1.1/x',
  'https://0.0.0.0/x',
  'https://user:word@93.184.215.14/x',
  'ftp://93.184.215.14/x',
  'file:///etc/passwd',
  'gopher://93.184.215.14/x',
] as const;

const json = (name: string, path: string, body: unknown, status: readonly number[] = [400]): HostileRequest => ({
  name,
  method: 'POST',
  path: `${API}/${path}`,
  body,
  status,
});

/** Requests that read, write, fetch or exhaust something, were they answered. */
export function hostileRequests({ experiment, run, model, secretText, secretPath }: Victim): readonly HostileRequest[] {
  const at = `${experiment}/${run}/artifacts`;
  const traversal = CLIMBS.flatMap((path): HostileRequest[] => [
    { name: `download ${path}`, method: 'GET', path: `${PROXY}/${at}/${path}`, status: BAD, never: 'root:' },
    { name: `upload ${path}`, method: 'PUT', path: `${PROXY}/${at}/${path}`, bytes: 'x', status: BAD },
    { name: `delete ${path}`, method: 'DELETE', path: `${PROXY}/${at}/${path}`, status: BAD },
    {
      name: `artifact of the page ${path}`,
      method: 'GET',
      path: `/get-artifact?run_id=${run}&path=${encodeURIComponent(path)}`,
      status: BAD,
      never: 'root:',
    },
    {
      name: `list ${path}`,
      method: 'GET',
      path: `${API}/artifacts/list?run_id=${run}&path=${encodeURIComponent(path)}`,
      status: BAD,
    },
  ]);
  const places = LOCAL_PLACES.flatMap((place): HostileRequest[] => [
    json(`version from ${place}`, 'model-versions/create', { name: model, source: place }),
    json(`version of a prompt from ${place} (CVE-2026-2614)`, 'model-versions/create', {
      name: model,
      source: place,
      tags: [{ key: 'mlflow.prompt.is_prompt', value: 'true' }],
    }),
    json(`experiment at ${place}`, 'experiments/create', { name: `at ${place}`, artifact_location: place }),
  ]);
  return [
    ...traversal,
    ...places,
    ...WEBHOOK_URLS.map((url) =>
      json(`webhook to ${url} (CVE-2026-2393)`, 'webhooks', {
        name: 'hook',
        url,
        events: [{ entity: 'MODEL_VERSION', action: 'CREATED' }],
      }),
    ),
    ...simpleRequests(experiment),
    ...malformed(experiment, run, model),
    {
      name: 'a file beside the artifacts',
      method: 'GET',
      path: `${PROXY}/${at}/${encodeURIComponent(secretPath)}`,
      status: BAD,
      never: secretText,
    },
  ];
}

/** What a page of another site can send without asking (CVE-2023-43472, CVE-2025-14279). */
function simpleRequests(experiment: string): HostileRequest[] {
  const body = JSON.stringify({ experiment_id: experiment });
  const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''];
  return [
    ...types.map((type): HostileRequest => ({
      name: `content type '${type}'`,
      method: 'POST',
      path: `${API}/runs/create`,
      bytes: body,
      headers: { 'content-type': type },
      status: [400, 415],
    })),
    ...['evil.example', 'evil.example:80', '169.254.169.254'].map((host): HostileRequest => ({
      name: `host ${host}`,
      method: 'GET',
      path: `${API}/experiments/get?experiment_id=0`,
      headers: { host },
      status: [403, 421],
    })),
    {
      name: 'origin of another site',
      method: 'POST',
      path: `${API}/runs/create`,
      body: { experiment_id: experiment },
      headers: { origin: 'https://evil.example' },
      status: [403],
    },
  ];
}

/** Values that break parsers, or grow without end. */
function malformed(experiment: string, run: string, model: string): HostileRequest[] {
  const search = (name: string, change: object): HostileRequest =>
    json(name, 'runs/search', { experiment_ids: [experiment], ...change });
  const metric = { run_id: run, key: 'm', value: 1, timestamp: 1 };
  return [
    search('a filter of a megabyte', { filter: `params.a = '${'x'.repeat(1_000_000)}'` }),
    search('ten thousand conditions', { filter: Array.from({ length: 10_000 }, () => 'metrics.a > 1').join(' AND ') }),
    search('nested without end', { filter: '('.repeat(2_000) + 'metrics.a > 1' + ')'.repeat(2_000) }),
    search('a thousand orders', { order_by: Array.from({ length: 1_000 }, (_, index) => `metrics.m${index}`) }),
    search('an unclosed quote', { filter: "params.a = 'x" }),
    search('two statements', { filter: "params.a = 'x'; drop table runs" }),
    ...['%%%', 'eyJvZmZzZXQiOiAtMX0=', 'eyJvZmZzZXQiOiAxZTMwOH0=', 'x'.repeat(10_000), '{"offset": 1}'].map((token) =>
      search(`page token ${token.slice(0, 20)}`, { page_token: token }),
    ),
    search('more results than there may be', { max_results: 50_001 }),
    search('fewer results than one', { max_results: -1 }),
    json('a key with NUL', 'runs/log-metric', { ...metric, key: 'a\0b' }),
    json('a key that climbs', 'runs/log-metric', { ...metric, key: '../../x' }),
    json('half a character', 'runs/set-tag', { run_id: run, key: 'a', value: '\ud800' }),
    json('a step past int64', 'runs/log-metric', { ...metric, step: '9223372036854775808' }),
    json('a time before time', 'runs/log-metric', { ...metric, timestamp: -1 }),
    json('a time that is no integer', 'runs/log-metric', { ...metric, timestamp: 1.5 }),
    json('a name of megabytes (CVE-2024-6838)', 'experiments/create', { name: 'x'.repeat(3_000_000) }),
    json('a place of megabytes', 'experiments/create', {
      name: 'y',
      artifact_location: `s3://${'x'.repeat(3_000_000)}`,
    }),
    json('a name that reads as another (CVE-2024-3099)', 'registered-models/create', { name: 'a%2Fb' }),
    json('a name with a slash', 'registered-models/create', { name: 'a/b' }),
    json('a name with a colon', 'registered-models/create', { name: 'a:b' }),
    json('an alias with a slash', 'registered-models/alias', { name: model, alias: 'a/b', version: '1' }),
    json('an alias that is a version', 'registered-models/alias', { name: model, alias: 'v1', version: '1' }),
    json('a version that is no number', 'registered-models/alias', { name: model, alias: 'a', version: '1;x' }),
    json('a prototype', 'runs/log-batch', JSON.parse('{"__proto__": {"run_id": "x"}}')),
    json('a run id that climbs', 'runs/set-tag', { run_id: '../../x', key: 'a', value: 'b' }, [400, 404]),
    {
      name: 'JSON that nests without end',
      method: 'POST',
      path: `${API}/experiments/create`,
      bytes: '['.repeat(200_000),
      headers: { 'content-type': 'application/json' },
      status: [400, 404],
    },
    {
      name: 'a body that is no JSON',
      method: 'POST',
      path: `${API}/experiments/create`,
      bytes: '{"name": "a"',
      headers: { 'content-type': 'application/json' },
      status: [400],
    },
  ];
}

/** Calls that change something or read what is not everybody's, for callers that may not (CVE-2025-15381, CVE-2026-0545, CVE-2026-2651). */
export function forbiddenRequests({ experiment, run, model }: Victim): readonly HostileRequest[] {
  const at = `${experiment}/${run}/artifacts`;
  const post = (path: string, body: object): HostileRequest => json(path, path, body, []);
  return [
    post('experiments/create', { name: 'theirs' }),
    post('experiments/update', { experiment_id: experiment, new_name: 'theirs' }),
    post('experiments/delete', { experiment_id: experiment }),
    post('experiments/set-experiment-tag', { experiment_id: experiment, key: 'a', value: 'b' }),
    post('runs/create', { experiment_id: experiment }),
    post('runs/update', { run_id: run, status: 'KILLED' }),
    post('runs/delete', { run_id: run }),
    post('runs/log-metric', { run_id: run, key: 'm', value: 1, timestamp: 1 }),
    post('runs/log-parameter', { run_id: run, key: 'theirs', value: '1' }),
    post('runs/log-batch', { run_id: run, tags: [{ key: 'theirs', value: '1' }] }),
    post('runs/set-tag', { run_id: run, key: 'theirs', value: '1' }),
    post('runs/log-inputs', { run_id: run, models: [] }),
    post('logged-models', { experiment_id: experiment, name: 'theirs' }),
    post('registered-models/create', { name: 'theirs' }),
    post('registered-models/rename', { name: model, new_name: 'theirs' }),
    post('registered-models/set-tag', { name: model, key: 'theirs', value: '1' }),
    post('model-versions/create', { name: model, source: 's3://bucket/theirs' }),
    post('model-versions/transition-stage', { name: model, version: '1', stage: 'Production' }),
    post('registered-models/alias', { name: model, alias: 'theirs', version: '1' }),
    post('webhooks', {
      name: 'theirs',
      url: 'https://93.184.215.14/x',
      events: [{ entity: 'MODEL_VERSION', action: 'CREATED' }],
    }),
    { name: 'webhooks', method: 'GET', path: `${API}/webhooks`, status: [] },
    {
      name: 'registered-models/delete',
      method: 'DELETE',
      path: `${API}/registered-models/delete`,
      body: { name: model },
      status: [],
    },
    { name: 'upload', method: 'PUT', path: `${PROXY}/${at}/theirs.txt`, bytes: 'x', status: [] },
    { name: 'delete a file', method: 'DELETE', path: `${PROXY}/${at}/kept.txt`, status: [] },
    {
      name: 'upload of the page',
      method: 'POST',
      path: `/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${run}&path=theirs.txt`,
      bytes: 'x',
      status: [],
    },
    {
      name: 'mpu',
      method: 'POST',
      path: `/api/2.0/mlflow-artifacts/mpu/create/${at}`,
      body: { path: 'theirs.bin', num_parts: 1 },
      status: [],
    },
  ];
}
