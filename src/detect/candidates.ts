/** The candidates of one pass: a sorted set of rule numbers, filled from pattern hits and lists. */
let list = new Int32Array(1024);
let stamp = new Uint32Array(0);
let generation = 0;

export let candidateCount = 0;

/** Sizes the set for `rules` rules. */
export function bindCandidates(rules: number): void {
  list = new Int32Array(Math.max(16, rules));
  stamp = new Uint32Array(rules);
  generation = 0;
  candidateCount = 0;
}

/** Begins an empty set. */
export function candidatesReset(): void {
  candidateCount = 0;
  if (++generation === 0xffffffff) {
    stamp.fill(0);
    generation = 1;
  }
}

export function isCandidate(rule: number): boolean {
  return stamp[rule] === generation;
}

export function addCandidate(rule: number): void {
  if (stamp[rule] === generation) return;
  stamp[rule] = generation;
  list[candidateCount++] = rule;
}

/** Sorts the set and gives its members, `candidateCount` of them: rule numbers are the order of evaluation. */
export function sortedCandidates(): Int32Array {
  if (candidateCount > 24) list.subarray(0, candidateCount).sort();
  else {
    for (let i = 1; i < candidateCount; i++) {
      const r = list[i];
      let j = i - 1;
      for (; j >= 0 && list[j] > r; j--) list[j + 1] = list[j];
      list[j + 1] = r;
    }
  }
  return list;
}
