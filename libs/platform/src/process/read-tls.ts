import { readFileSync } from 'node:fs';
import { ConfigError, type ConfigProblem } from '../config/config-error.ts';
import type { Config } from '../config/read-config.ts';
import type { GrpcServerOptions } from '../rpc/grpc-server.ts';
import type { PlatformSettings } from './process-settings.ts';

/** Certificates of the listeners; undefined for plain text. @throws {ConfigError} when one of a pair is missing or unreadable. */
export function readTls(config: Config<PlatformSettings>): GrpcServerOptions['tls'] {
  const problems: ConfigProblem[] = [];
  const read = (setting: 'tls.certificate-file' | 'tls.key-file' | 'tls.client-ca-file'): Buffer | undefined => {
    const path = config.get(setting);
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      problems.push({
        setting,
        description: `cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      });
      return undefined;
    }
  };
  const [cert, key, ca] = [read('tls.certificate-file'), read('tls.key-file'), read('tls.client-ca-file')];
  if (problems.length === 0 && (cert ?? key ?? ca) !== undefined) {
    if (!cert)
      problems.push({ setting: 'tls.certificate-file', description: 'is required beside the other tls settings' });
    if (!key) problems.push({ setting: 'tls.key-file', description: 'is required beside the other tls settings' });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return cert && key ? { cert, key, ...(ca ? { ca } : {}) } : undefined;
}
