import type { NodeName } from '../gateway/node.ts';

/** A fault of the run, while its effects may be seen by clients. Times by `Date.now()`. */
interface Trouble {
  readonly kind: 'worker killed' | 'redis out';
  readonly node: NodeName | 'all';
  readonly from: number;
  to: number;
}

/** Knows which failures the faults of the run explain. */
export interface Excuses {
  /** @returns ends the trouble; `lasting` milliseconds later, its effects are over */
  begin(kind: Trouble['kind'], node: Trouble['node'], lasting: number): () => void;
  /** Whether there was such a trouble at any moment of this span. */
  explain(kind: Trouble['kind'], node: NodeName, from: number, to: number): boolean;
}

/** Milliseconds: a moment is measured by several processes. */
const MARGIN = 250;

export function createExcuses(): Excuses {
  const troubles: Trouble[] = [];
  return {
    begin(kind, node, lasting) {
      const trouble: Trouble = { kind, node, from: Date.now() - MARGIN, to: Number.POSITIVE_INFINITY };
      troubles.push(trouble);
      return () => {
        trouble.to = Date.now() + lasting;
      };
    },
    explain: (kind, node, from, to) =>
      troubles.some(
        (trouble) =>
          trouble.kind === kind &&
          (trouble.node === 'all' || trouble.node === node) &&
          trouble.from <= to &&
          trouble.to >= from,
      ),
  };
}
