import type { Saboteur } from '../saboteur.ts';

const DOMAIN = 'libs/registry/src/domain';
const STORE = 'libs/registry/src/store';
const HANDLERS = ['libs/registry/src/rpc/registry-handlers.spec.ts'];
const APPROVAL = [`${DOMAIN}/approval.spec.ts`];
const RULES = [`${DOMAIN}/promotion-rules.spec.ts`];
const GATE = [`${DOMAIN}/gates/metric-gate.spec.ts`];
const UPLOADS = [`${DOMAIN}/upload/upload-attacks.spec.ts`];
const STORE_CONTRACT = [`${STORE}/registry-store.spec.ts`];

/** Versions, aliases, approvals and gates. */
export const REGISTRY_SABOTEURS: readonly Saboteur[] = [
  {
    name: 'the creator of a version approves it',
    file: `${DOMAIN}/approval.ts`,
    find: "if (given.decision === 'approved' && principal === version.principal) {",
    replace: "if (given.decision === 'approved' && principal === '') {",
    suites: RULES,
  },
  {
    name: "the creator's approval counts",
    file: `${DOMAIN}/approval.ts`,
    find: '.filter((who) => who !== version.principal);',
    replace: ';',
    suites: APPROVAL,
  },
  {
    name: 'a rejection leaves earlier approvals standing',
    file: `${DOMAIN}/approval.ts`,
    find: "ordered.slice(ordered.findLastIndex(({ decision }) => decision === 'rejected') + 1)",
    replace: "ordered.filter(({ decision }) => decision === 'approved')",
    suites: APPROVAL,
  },
  {
    name: 'an approval counts for other bytes than were approved',
    file: `${DOMAIN}/approval.ts`,
    find: '.filter(({ digest }) => digest === version.digest)',
    replace: '.slice()',
    suites: APPROVAL,
  },
  {
    name: 'one person approves twice',
    file: `${DOMAIN}/approval.ts`,
    find: 'return [...new Set(afterRejection.map(({ principal }) => principal))]',
    replace: 'return [...afterRejection.map(({ principal }) => principal)]',
    suites: APPROVAL,
  },
  {
    name: 'one approval fewer than required is enough',
    file: `${DOMAIN}/gates/judge-move.ts`,
    find: 'const passed = approvers.length >= needed;',
    replace: 'const passed = approvers.length + 1 >= needed;',
    suites: RULES,
  },
  {
    name: 'approvals that are asked for everywhere are not',
    file: `${DOMAIN}/alias-policy.ts`,
    find: 'gates: [], approvalsRequired, revision: 0n',
    replace: 'gates: [], approvalsRequired: 0 * approvalsRequired, revision: 0n',
    suites: HANDLERS,
  },
  {
    name: 'an alias moves although a gate refuses',
    file: `${DOMAIN}/use-cases/move-alias.ts`,
    find: '      assertPassed(checks, moveCase);\n',
    replace: '',
    suites: RULES,
  },
  {
    name: 'a gate that is not installed passes',
    file: `${DOMAIN}/gates/judge-move.ts`,
    find: 'return { check: spec.gate, passed: false, reason:',
    replace: 'return { check: spec.gate, passed: true, reason:',
    suites: HANDLERS,
  },
  {
    name: 'a metric equal to at_least is refused',
    file: `${DOMAIN}/gates/metric-gate.ts`,
    find: 'const passed = value >= atLeast;',
    replace: 'const passed = value > atLeast;',
    suites: GATE,
  },
  {
    name: 'the direction of a metric is turned round',
    file: `${DOMAIN}/gates/metric-gate.ts`,
    find: "const needed = direction === 'higher' ? held + betterBy : held - betterBy;",
    replace: "const needed = direction === 'higher' ? held - betterBy : held + betterBy;",
    suites: GATE,
  },
  {
    name: 'a version as good as the current one counts as better',
    file: `${DOMAIN}/gates/metric-gate.ts`,
    find: 'const strict = Object.is(betterBy, 0);',
    replace: 'const strict = Number.isNaN(betterBy);',
    suites: GATE,
  },
  {
    name: 'a version without an evaluation passes',
    file: `${DOMAIN}/gates/metric-gate.ts`,
    find: `    return {
      passed: false,
      reason: \`version \${candidate.version} has no`,
    replace: `    return {
      passed: true,
      reason: \`version \${candidate.version} has no`,
    suites: GATE,
  },
  {
    name: 'expected_revision is not compared',
    file: `${DOMAIN}/alias.ts`,
    find: 'if (actual !== expected) throw',
    replace: 'if (actual < expected) throw',
    suites: HANDLERS,
  },
  {
    name: 'an alias that was deleted counts from 1 again',
    file: `${DOMAIN}/alias.ts`,
    find: 'revision: (current?.revision ?? 0n) + 1n,',
    replace: 'revision: (isLive(current) ? current.revision : 0n) + 1n,',
    suites: RULES,
  },
  {
    name: 'a move to where the alias is already makes an event',
    file: `${DOMAIN}/alias.ts`,
    find: '  if (current?.version === target.version) return undefined;\n',
    replace: '',
    suites: RULES,
  },
  {
    name: 'a version that an alias names is deleted',
    file: `${DOMAIN}/use-cases/delete-model-version.ts`,
    find: 'if (aliases.length > 0) throw',
    replace: 'if (aliases.length > 1) throw',
    suites: HANDLERS,
  },
  {
    name: 'versions are numbered without the lock of their model',
    file: `${STORE}/registry-writes.ts`,
    find: 'const options = { lockMode: LockMode.PESSIMISTIC_WRITE, ...UNTRACKED };',
    replace: 'const options = { ...UNTRACKED };',
    suites: [`${STORE}/registry-store.int.spec.ts`],
  },
  {
    name: 'an upload with a repeated request id makes a second version',
    file: `${DOMAIN}/use-cases/create-model-version.ts`,
    find: 'tx.once(METHOD, requestId, requestOf(draft), () => {',
    replace: "tx.once(METHOD, '', requestOf(draft), () => {",
    suites: HANDLERS,
  },
  {
    name: 'a move with a repeated request id is made again',
    file: `${DOMAIN}/use-cases/move-alias.ts`,
    find: "tx.once('registry.MoveAlias', requestId, request,",
    replace: "tx.once('registry.MoveAlias', '', request,",
    suites: HANDLERS,
  },
  {
    name: 'the digest of an upload is not compared with its header',
    file: `${DOMAIN}/upload/upload-reader.ts`,
    find: 'if (sha256 !== file.sha256) {',
    replace: 'if (sha256.length !== file.sha256.length) {',
    suites: UPLOADS,
  },
  {
    name: 'an upload may send more bytes than it said',
    file: `${DOMAIN}/upload/upload-reader.ts`,
    find: 'if (received > file.bytes) {',
    replace: 'if (received > 2 * file.bytes) {',
    suites: UPLOADS,
  },
  {
    name: 'what follows the last file is not noticed',
    file: `${DOMAIN}/upload/upload-reader.ts`,
    find: "if (part) throw uploadRefused('UPLOAD_ORDER', part.kind,",
    replace: "if (part?.kind === 'header') throw uploadRefused('UPLOAD_ORDER', part.kind,",
    suites: UPLOADS,
  },
  {
    name: 'a stored file is handed out without comparing its digest',
    file: `${STORE}/artifact-package-store.ts`,
    find: "if (hash.digest('hex') !== file.sha256)",
    replace: "if (hash.digest('hex') === '')",
    suites: HANDLERS,
  },
  {
    name: 'the last chunk of a stored file is handed out before the digest is known',
    file: `${STORE}/artifact-package-store.ts`,
    find: `      if (held) yield held;
      held = chunk;
`,
    replace: `      yield chunk;
`,
    suites: HANDLERS,
  },
  {
    name: 'a model of another workspace can be read',
    file: `${STORE}/registry-reads.ts`,
    find: 'const row = await em.findOne(ModelRow, { workspace, name }, UNTRACKED);',
    replace: 'const row = await em.findOne(ModelRow, { name }, UNTRACKED);',
    suites: STORE_CONTRACT,
  },
  {
    name: 'a version of another workspace can be read',
    file: `${STORE}/registry-reads.ts`,
    find: 'const row = await em.findOne(VersionRow, { workspace, model, version }, UNTRACKED);',
    replace: 'const row = await em.findOne(VersionRow, { model, version }, UNTRACKED);',
    suites: STORE_CONTRACT,
  },
  {
    name: 'everybody lists the aliases of all workspaces',
    file: `${DOMAIN}/use-cases/list-aliases.ts`,
    find: '  if (allWorkspaces && !caller.allWorkspaces) throw allWorkspacesDenied(caller.principal);\n',
    replace: '',
    suites: HANDLERS,
  },
  {
    name: 'the sweeper deletes files that a version names',
    file: `${STORE}/blob-claims.ts`,
    find: '      if (unnamed.length === 0) return false;\n',
    replace: '',
    suites: STORE_CONTRACT,
  },
  {
    name: 'an older evaluation decides at the gate',
    file: `${STORE}/registry-writes.ts`,
    find: '    await em.nativeUpdate(EvaluationMetricRow, former, { newest: false });\n',
    replace: '',
    suites: STORE_CONTRACT,
  },
];
