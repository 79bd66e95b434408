import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take longest, the longest first. A worker that begins one of them last would leave the other one idle for minutes, and a fresh
 * clone has no durations of an earlier run to go by. The documentation test tells the story of which others want the end. A file that is
 * missing here costs time and nothing else.
 */
const LONGEST = [
  'apps/demo/test/containers.int.spec.ts',
  'apps/demo/test/documentation.int.spec.ts',
  'apps/demo/test/chaos.int.spec.ts',
  'apps/demo/test/kill-services.int.spec.ts',
  'apps/registry/test/kill-random.int.spec.ts',
  'apps/registry/test/kill-steps.int.spec.ts',
  'apps/demo/test/shapes.int.spec.ts',
  'apps/slipway/test/bad-input.int.spec.ts',
  'libs/features/src/service/kill.spec.ts',
];

/** Small for what begins early: the listed files, then what uses real servers or kills processes, then all others. */
function rank(path: string): number {
  const listed = LONGEST.findIndex((each) => path.endsWith(each));
  if (listed !== -1) return listed;
  return /\.int\.spec\.ts$|kill[^/]*\.spec\.ts$/.test(path) ? LONGEST.length : LONGEST.length + 1;
}

/** The order of vitest (by duration or size), and long files before it. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const usual = await super.sort(files);
    return usual.toSorted((left, right) => rank(left.moduleId) - rank(right.moduleId));
  }
}
