/** Ways to run the same tests in which threads, garbage collection and waiting come in another order. */
export interface Variant {
  readonly name: string;
  /** Arguments of Node for the processes that run the test files. */
  readonly nodeArguments: readonly string[];
  /** Added to the environment, also of the programs that the tests start. */
  readonly environment: Readonly<Record<string, string>>;
}

export const VARIANTS: readonly [Variant, ...Variant[]] = [
  { name: 'plain', nodeArguments: [], environment: {} },
  // V8 without its own threads: compilation and garbage collection stop the program for longer.
  { name: 'single-threaded', nodeArguments: ['--single-threaded'], environment: {} },
  // New objects in 1 MiB: garbage is collected many times as often, at other places.
  { name: 'small-semi-space', nodeArguments: [], environment: { NODE_OPTIONS: '--max-semi-space-size=1' } },
];
