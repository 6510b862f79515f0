const WIDTH = 640;
const COLORS = ['#2f6fde', '#8a8f98'];
/** Readable on light and on dark pages. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .quiet { fill: #656d76; font-size: 12px; }
  .grid { stroke: #d0d7de; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .quiet { fill: #9198a1; }
    .grid { stroke: #3d444d; }
  }`;

/**
 * Bars on a logarithmic scale, as SVG.
 *
 * @param chart - `title`; `bars`: label, value and what is written beside it, the ones of our own first.
 */
export function barChart({ title, bars }) {
  const row = 28;
  const left = 210;
  const right = 120;
  const most = Math.log10(Math.max(...bars.map(({ value }) => value)));
  const least = Math.floor(Math.log10(Math.min(...bars.map(({ value }) => value)))) - 0.5;
  const parts = bars.map(({ label, value, text, isOwn }, index) => {
    const y = 40 + index * row;
    const width = ((WIDTH - left - right) * (Math.log10(value) - least)) / (most - least);
    const color = COLORS[isOwn ? 0 : 1];
    return `
  <text x="${left - 10}" y="${y + 15}" text-anchor="end">${escaped(label)}</text>
  <rect x="${left}" y="${y + 2}" width="${width.toFixed(1)}" height="18" rx="3" fill="${color}"/>
  <text class="quiet" x="${(left + width + 8).toFixed(1)}" y="${y + 15}">${escaped(text)}</text>`;
  });
  return svg(50 + bars.length * row, title, parts);
}

/**
 * Lines over a logarithmic x axis, as SVG.
 *
 * @param chart - `title`, `x`, `y`: what is told; `series`: by name, points of x and y; `scale`: what y is divided by;
 *   `isLog`: whether y is logarithmic.
 */
export function lineChart({ title, x, y, series, scale, isLog = false }) {
  const [top, bottom, left, right] = [60, 250, 60, WIDTH - 130];
  const points = Object.values(series).flat();
  const [, xOf] = axis(
    points.map(([at]) => at),
    true,
    left,
    right,
  );
  const [yTicks, yOf] = axis(
    points.map(([, value]) => value / scale),
    isLog,
    bottom,
    top,
  );
  const xTicks = [...new Set(points.map(([at]) => at))];
  const parts = [
    ...yTicks.map(
      (tick) => `
  <line class="grid" x1="${left}" x2="${right}" y1="${yOf(tick)}" y2="${yOf(tick)}"/>
  <text class="quiet" x="${left - 8}" y="${Number(yOf(tick)) + 4}" text-anchor="end">${short(tick)}</text>`,
    ),
    ...xTicks.map(
      (tick) => `
  <text class="quiet" x="${xOf(tick)}" y="${bottom + 20}" text-anchor="middle">${short(tick)}</text>`,
    ),
    `
  <text class="quiet" x="${left - 40}" y="${top - 14}">${escaped(y)}</text>
  <text class="quiet" x="${right}" y="${bottom + 38}" text-anchor="end">${escaped(x)}</text>`,
    ...Object.entries(series).map(([name, values]) => {
      const color = COLORS[name === 'neardict' ? 0 : 1];
      const places = values.map(([at, value]) => `${xOf(at)},${yOf(value / scale)}`);
      const end = yOf(values.at(-1)[1] / scale);
      return `
  <polyline points="${places.join(' ')}" fill="none" stroke="${color}" stroke-width="2"/>
  <text x="${right + 8}" y="${Number(end) + (name === 'neardict' ? 10 : -2)}">${escaped(name)}</text>`;
    }),
  ];
  return svg(bottom + 50, title, parts);
}

/** Where ticks are, and the place of a value between two places. */
function axis(values, isLog, from, to) {
  const most = Math.max(...values);
  const least = isLog ? Math.min(...values) : 0;
  const step = 10 ** Math.floor(Math.log10(most)) / 2;
  const ticks = isLog
    ? powers(least, most)
    : Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
  const [low, high] = isLog ? [Math.log10(Math.min(least, ticks[0])), Math.log10(most)] : [0, most];
  const place = (value) =>
    (from + ((to - from) * ((isLog ? Math.log10(value) : value) - low)) / (high - low)).toFixed(1);
  return [ticks, place];
}

function powers(least, most) {
  const ticks = [];
  for (let power = 10 ** Math.floor(Math.log10(least)); power <= most; power *= 10) ticks.push(power);
  return ticks;
}

function svg(height, title, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">
  <style>${STYLE}
  </style>
  <text class="title" x="20" y="24">${escaped(title)}</text>${parts.join('')}
</svg>
`;
}

function short(value) {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 1000 ? `${value / 1000}k` : String(Number(value.toPrecision(2)));
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;').replaceAll('`', '');
}
