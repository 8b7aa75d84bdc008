/** The name that somebody probably meant: the nearest one, if at most a third of the letters differ; null: none is near. */
export function nearestOf(name: string, known: readonly string[]): string | null {
  const [nearest] = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  if (nearest === undefined || nearest.distance > Math.max(1, Math.ceil(name.length / 3))) return null;
  return nearest.candidate;
}

/**
 * What a message about an unknown name suggests: the nearest known one, if one is near, else all of them.
 *
 * @param names what the known ones are, such as `the limits`
 */
export function suggestion(name: string, known: readonly string[], names: string): string {
  const nearest = nearestOf(name, known);
  if (nearest !== null) return `did you mean ${JSON.stringify(nearest)}?`;
  return known.length === 0 ? 'there is none' : `${names} are ${known.join(', ')}`;
}

/** Insertions, deletions, substitutions and swaps of neighbours: the "optimal string alignment" distance. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, b.length);
}

function at(distances: readonly number[], index: number): number {
  return distances[index] ?? Number.POSITIVE_INFINITY;
}
