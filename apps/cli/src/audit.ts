import type { Command } from 'commander';
import type { RunCommand } from './run-command.ts';

interface VerifyResult {
  readonly intact: boolean;
  readonly records: string;
  readonly head_hash: string;
  readonly broken_sequence: string;
  readonly broken_reason: string;
}

export function addAuditCommands(program: Command, run: RunCommand): void {
  const audit = program.command('audit').description('the hash-chained log of changes');
  audit
    .command('list <service>')
    .description('the newest records, e.g. of registry')
    .option('--resource <name>', 'only of this resource')
    .action((service: string, { resource }: { resource?: string }) =>
      run(async (connection, print) => {
        const { records } = await connection.audit.listAuditRecords({
          service,
          resource: resource ?? '',
          page_size: 1000,
        });
        print.table(
          records.map((record) => ({
            '#': record.sequence,
            time: new Date(Number(record.time?.seconds ?? 0) * 1000).toISOString().slice(0, 19),
            who: record.principal,
            did: record.action,
            to: record.resource,
            hash: record.hash.slice(0, 12),
          })),
          records,
        );
      }),
    );
  audit
    .command('verify <service>')
    .description('recompute the chain; exits with 1 when it is broken')
    .option('--anchor <hash>', 'a head hash kept elsewhere, which the chain must hold')
    .action((service: string, { anchor }: { anchor?: string }) =>
      run(async (connection, print) => {
        const { operation } = await connection.audit.verifyAudit({ service, anchor_hash: anchor ?? '' });
        for await (const { operation: now } of connection.operations.watchOperation(
          { id: operation?.id ?? '' },
          { timeoutMs: 3_600_000 },
        )) {
          if (now?.state === 'OPERATION_STATE_FAILED')
            throw new Error(`the verification failed: ${now.error?.message}`);
          if (now?.state !== 'OPERATION_STATE_SUCCEEDED') continue;
          const result = JSON.parse(now.result_json) as VerifyResult;
          const text = result.intact
            ? `intact: ${result.records} records, head ${result.head_hash}`
            : `BROKEN at record ${result.broken_sequence}: ${result.broken_reason}`;
          print.line(text, result);
          if (!result.intact) process.exitCode = 1;
        }
      }),
    );
}
