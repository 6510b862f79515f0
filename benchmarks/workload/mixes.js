/**
 * What processes ask for, as published.
 *
 * - YCSB B and C: Cooper et al., Benchmarking Cloud Serving Systems with YCSB, SoCC 2010: Zipf with 0.99, records of 1 kB
 *   (here one string), 5 % and no updates.
 * - Twitter: Yang, Yue, Rashmi, A large scale analysis of hundreds of in-memory cache clusters at Twitter, OSDI 2020. Where
 *   popularity is Zipf its exponent is 1 to 2.5; a write-heavy cluster (35 % of them) has more than 30 % writes; the median
 *   of mean object sizes is 230 bytes, keys included.
 */
export const MIXES = {
  'YCSB B': { title: 'YCSB B: 95 % reads, Zipf 0.99, 1 kB', zipf: 0.99, writes: 0.05, keyBytes: 23, valueBytes: 1000 },
  'YCSB C': { title: 'YCSB C: reads only, Zipf 0.99, 1 kB', zipf: 0.99, writes: 0, keyBytes: 23, valueBytes: 1000 },
  Twitter: {
    title: 'as at Twitter: 65 % reads, Zipf 1.2, 230 bytes',
    zipf: 1.2,
    writes: 0.35,
    keyBytes: 38,
    valueBytes: 192,
  },
};

/** Twice what a cache holds by default. */
export const RECORDS = 20_000;

export function keyOf(record, { keyBytes }) {
  return `user${String(record).padStart(keyBytes - 4, '0')}`;
}

/** Draws records, popular ones more often: record `n` (from 0, before scattering) with a weight of `1 / (n + 1) ** zipf`. */
export function drawer({ zipf }, random) {
  const sums = new Float64Array(RECORDS);
  let sum = 0;
  for (let rank = 0; rank < RECORDS; rank++) sums[rank] = sum += 1 / (rank + 1) ** zipf;
  return () => {
    const wanted = random() * sum;
    let [low, high] = [0, RECORDS - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    // Scattered, so that popular records are no neighbours.
    return (low * 7919) % RECORDS;
  };
}
