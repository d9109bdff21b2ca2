import type { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";
import type { AnswerKind, Drawn } from "./data.ts";
import {
  gameOfLife,
  keypoints,
  photos,
  reviews,
  sequences,
  sharpened,
} from "./recipes_of_pictures.ts";

/** Draws examples. */
export type Recipe = (random: SeededRandom, count: number) => Drawn;

/** Numbers of an example. */
interface Example {
  x: number[];
  y: number[];
}

/** Draws examples one by one. */
export function rowwise(
  kind: AnswerKind,
  example: (random: SeededRandom, i: number, count: number) => Example,
  ceiling = 1,
): Recipe {
  return (random, count) => {
    const rows = Array.from({ length: count }, (_, i) => example(random, i, count));
    return table(rows, kind, ceiling);
  };
}

function table(rows: readonly Example[], kind: AnswerKind, ceiling: number): Drawn {
  return {
    inputs: Float32Array.from(rows.flatMap(({ x }) => x)),
    inputShape: [rows[0].x.length],
    targets: Float32Array.from(rows.flatMap(({ y }) => y)),
    targetShape: [rows[0].y.length],
    kind,
    ceiling,
  };
}

/** Repeats given rows. */
const given = (kind: AnswerKind, rows: readonly Example[]): Recipe => (_, count) =>
  table(Array.from({ length: count }, (_, i) => rows[i % rows.length]), kind, 1);

const between = (random: SeededRandom, least: number, most: number) =>
  least + (most - least) * random.uniform();

const yes = (condition: boolean) => [condition ? 1 : 0];

const shareOf = (label: number, classes: number) =>
  Array.from({ length: classes }, (_, i) => i === label ? 1 : 0);

const lognormal = (random: SeededRandom, mean: number, spread: number) =>
  Math.exp(mean + spread * random.normal());

/** Three flowers of four measures: means and spreads of the iris data set of Fisher, 1936. */
const IRIS = [
  { means: [5.0, 3.4, 1.5, 0.2], spreads: [0.35, 0.38, 0.17, 0.11] },
  { means: [5.9, 2.8, 4.3, 1.3], spreads: [0.52, 0.31, 0.47, 0.2] },
  { means: [6.6, 3.0, 5.6, 2.0], spreads: [0.64, 0.32, 0.55, 0.27] },
];

const iris = rowwise("classes", (random) => {
  const label = random.integer(3);
  const { means, spreads } = IRIS[label];
  return { x: means.map((mean, i) => mean + spreads[i] * random.normal()), y: shareOf(label, 3) };
}, 0.97);

/** Counts of words by topic, and which topics a document has. */
const topics = (features: number, labels: number, ceiling: number): Recipe => (random, count) => {
  const rates = Array.from(
    { length: labels },
    () => Array.from({ length: features }, () => 4 * random.uniform() ** 3),
  );
  const draw = () => {
    const y = Array.from({ length: labels }, () => random.integer(2));
    const x = Array.from({ length: features }, (_, i) => {
      const rate = 0.5 + y.reduce((sum, own, label) => sum + own * rates[label][i], 0);
      return Math.max(0, Math.round(rate + Math.sqrt(rate) * random.normal()));
    });
    return { x, y };
  };
  return table(Array.from({ length: count }, draw), "labels", ceiling);
};

/** Fuel use of cars: nine columns in the scales of the auto-mpg data set. */
const cars = rowwise("numbers", (random) => {
  const cylinders = 4 + 2 * random.integer(3);
  const displacement = 45 * cylinders - 70 + 20 * random.normal();
  const power = 25 * cylinders - 40 + 12 * random.normal();
  const weight = 480 * cylinders + 250 + 250 * random.normal();
  const acceleration = 21 - 0.9 * cylinders + 2 * random.normal();
  const year = 70 + random.integer(13);
  const origin = random.integer(3);
  const y = 46 - 0.0065 * weight - 0.03 * power + 0.75 * (year - 76) + origin + random.normal();
  const x = [cylinders, displacement, power, weight, acceleration, year, ...shareOf(origin, 3)];
  return { x, y: [y] };
}, 0.97);

/** Recipes by name; those of digits are in `data.ts`. */
export const RECIPES: Record<string, Recipe> = {
  xor: given(
    "labels",
    [[1, 1, 0], [1, 0, 1], [0, 0, 0], [0, 1, 1]].map(([a, b, c]) => ({
      x: [a, b],
      y: [c],
    })),
  ),
  bothAlike: given(
    "labels",
    [[1, 1, 0], [0, 0, 0], [1, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 0]].map(([a, b, c]) => ({
      x: [a, b],
      y: [c],
    })),
  ),
  twoClusters: rowwise("classes", (random) => {
    const label = random.integer(2);
    const at = label === 0 ? 0.2 : 0.5;
    return {
      x: [between(random, at, at + 0.2), between(random, at, at + 0.2)],
      y: shareOf(label, 2),
    };
  }),
  onesOrZeros: rowwise("labels", (random) => {
    const label = random.integer(2);
    return { x: Array.from({ length: 128 }, () => label), y: [label] };
  }),
  threeColumns: rowwise("labels", (random) => {
    const x = [between(random, 0, 5000), between(random, 100, 300), between(random, 0, 60)];
    return { x, y: yes(x[0] / 5000 + x[2] / 60 > 1) };
  }),
  noisyParabola: rowwise("numbers", (random) => {
    const x = between(random, 0, 5);
    return { x: [x], y: [5 * x ** 2 + random.normal() ** 3] };
  }),
  fourthPower: rowwise("numbers", (random) => {
    const x = between(random, -100, 100);
    return { x: [x], y: [x ** 4] };
  }),
  sixteenScales: (random, count) => {
    const direction = Array.from({ length: 16 }, () => random.normal());
    const draw = () => {
      const own = Array.from({ length: 16 }, () => random.normal());
      const x = own.map((value, i) => value * 10 ** (-1 + i * 4 / 15) + 10 ** (i * 3 / 15));
      const side = own.reduce((sum, value, i) => sum + value * direction[i], 0);
      return { x, y: shareOf(side > 0 ? 1 : 0, 2) };
    };
    return table(Array.from({ length: count }, draw), "classes", 1);
  },
  squares: rowwise("numbers", (random) => {
    const x = between(random, -10, 10);
    return { x: [x], y: [x ** 2] };
  }),
  packets: rowwise("labels", (random) => {
    const bytes = Array.from({ length: 4 }, () => random.integer(256));
    const ports = Array.from({ length: 2 }, () => random.integer(65536));
    const sizes = Array.from({ length: 5 }, () => lognormal(random, 6, 2));
    return { x: [...bytes, ...ports, ...sizes], y: yes(bytes[0] + bytes[1] > 255) };
  }),
  iris,
  passengers: rowwise("classes", (random, i) => {
    const fare = random.integer(3) + 1;
    const sex = random.integer(2);
    const age = Math.max(0, 30 + 13 * random.normal());
    const score = 1.5 * (1 - sex) - 0.7 * (fare - 2) - 0.02 * (age - 30) + 0.5 * random.normal();
    const codes = [random.integer(3), random.integer(3), random.integer(681)];
    const price = lognormal(random, 3, 1);
    const x = [fare, i, sex, age, ...codes, price, random.integer(148), random.integer(3)];
    return { x, y: shareOf(score > 0.6 ? 1 : 0, 2) };
  }, 0.88),
  topicsOfFour: topics(4, 1, 0.83),
  topicsOfTwenty: topics(20, 3, 0.95),
  polynomial: rowwise("numbers", (random) => {
    const x = random.uniform();
    return { x: [x], y: [x ** 4 + x ** 3 - x] };
  }),
  sequences: sequences(false),
  sequencesFromZero: sequences(true),
  cars,
  carsFromMinusOne: (random, count) => {
    const drawn = cars(random, count);
    const most = drawn.targets.reduce((a, b) => Math.max(a, b));
    const least = drawn.targets.reduce((a, b) => Math.min(a, b));
    const targets = drawn.targets.map((y) => 2 * (y - least) / (most - least) - 1);
    return { ...drawn, targets };
  },
  carsShuffled: (random, count) => {
    const drawn = cars(random, count);
    const targets = drawn.targets.slice();
    for (let i = count - 1; i > 0; i--) {
      const j = random.integer(i + 1);
      const kept = targets[i];
      targets[i] = targets[j];
      targets[j] = kept;
    }
    return { ...drawn, targets };
  },
  carsTwiceNormalised: (random, count) => {
    const drawn = cars(random, count);
    const columns = drawn.inputShape[0];
    const inputs = drawn.inputs.slice();
    for (let column = 0; column < columns; column++) {
      const own = drawn.inputs.filter((_, i) => i % columns === column);
      const least = own.reduce((a, b) => Math.min(a, b));
      const range = own.reduce((a, b) => Math.max(a, b)) - least;
      own.forEach((x, i) => inputs[i * columns + column] = (x - least) / range ** 2);
    }
    return { ...drawn, inputs };
  },
  weightedSum: rowwise("numbers", (random) => {
    const x = Array.from({ length: 3 }, () => between(random, 0, 10000));
    return { x, y: [2 * x[0] + x[1] + 0.5 * x[2] + 2.2] };
  }),
  weightedShare: rowwise("numbers", (random) => {
    const x = Array.from({ length: 3 }, () => between(random, 0, 100));
    return { x, y: [(2 * x[0] + x[1] + 0.5 * x[2] + 2.2) / 2.2] };
  }),
  shuffledBits: (random, count) => {
    const bits = (code: number) => Array.from({ length: 8 }, (_, i) => code >> (7 - i) & 1);
    const order = Array.from({ length: 256 }, (_, i) => i);
    for (let i = 255; i > 0; i--) order.splice(random.integer(i + 1), 0, ...order.splice(i, 1));
    const rows = Array.from(
      { length: count },
      (_, i) => ({ x: bits(i % 256), y: bits(order[i % 256]) }),
    );
    return table(rows, "labels", 1);
  },
  sameBits: given(
    "labels",
    Array.from({ length: 256 }, (_, code) => {
      const bits = Array.from({ length: 8 }, (_, i) => code >> (7 - i) & 1);
      return { x: bits, y: bits };
    }),
  ),
  aboveTheSine: rowwise("labels", (random) => {
    const x = between(random, 0, 6.3);
    const y = between(random, -1.5, 1.5);
    return { x: [x, y], y: yes(y > Math.sin(x)) };
  }),
  fiveShares: rowwise("labels", (random) => {
    const x = Array.from({ length: 5 }, () => random.uniform());
    return { x, y: yes(x[0] + x[1] > x[2] + x[3]) };
  }),
  oneColumn: rowwise("labels", (random) => {
    const x = between(random, 0, 2000);
    return { x: [x], y: yes(x > 900) };
  }),
  signedColumn: rowwise("numbers", (random) => {
    const x = [between(random, -1, 1), between(random, -1, 1)];
    return { x, y: [0.7 * Math.sin(2 * x[0]) - 0.4 * x[1]] };
  }),
  longCodes: rowwise("classes", (random) => {
    const digits = 13 + 3 * random.uniform();
    return { x: [10 ** digits], y: shareOf(Math.min(68, Math.floor((digits - 13) * 23)), 69) };
  }),
  adults: rowwise("classes", (random) => {
    const age = 17 + random.integer(60);
    const schooling = 1 + random.integer(16);
    const hours = 20 + random.integer(40);
    const gain = random.uniform() < 0.08 ? lognormal(random, 8.5, 0.8) : 0;
    const codes = Array.from({ length: 9 }, () => random.integer(2));
    const score = 0.03 * (age - 45) + 0.3 * (schooling - 10) + 0.05 * (hours - 42) + gain / 4000;
    const x = [age, ...codes, lognormal(random, 12, 0.5), schooling, gain, hours];
    return { x, y: shareOf(score + 0.3 * random.normal() > 1 ? 1 : 0, 2) };
  }, 0.93),
  patients: rowwise("labels", (random) => {
    const glucose = 120 + 32 * random.normal();
    const mass = 32 + 7 * random.normal();
    const age = 21 + 12 * Math.abs(random.normal());
    const pregnancies = random.integer(10);
    const others = [69 + 19 * random.normal(), 20 + 15 * random.normal()];
    const insulin = Math.max(0, 80 + 110 * random.normal());
    const score = 0.035 * (glucose - 120) + 0.09 * (mass - 32) + 0.03 * (age - 33);
    const x = [pregnancies, glucose, ...others, insulin, mass, random.uniform(), age];
    return { x, y: yes(score + 0.5 * random.normal() > 0.4) };
  }, 0.9),
  hearts: rowwise("classes", (random) => {
    const pressure = 138 + 20 * random.normal();
    const tobacco = lognormal(random, 0.5, 1.2);
    const age = 15 + random.integer(50);
    const family = random.integer(2);
    const x = [pressure, tobacco, 4.7 + 2 * random.normal(), 25 + 8 * random.normal(), family];
    x.push(53 + 10 * random.normal(), 26 + 4 * random.normal(), lognormal(random, 2, 1), age);
    const score = 0.06 * (age - 42) + 0.9 * (family - 0.5) + 0.1 * (tobacco - 3);
    return { x, y: shareOf(score + 0.5 * random.normal() > 0.5 ? 1 : 0, 2) };
  }, 0.9),
  traffic: rowwise("classes", (random) => {
    const label = random.integer(5);
    const flags = Array.from({ length: 9 }, () => random.integer(3));
    flags[label] += 3;
    const sizes = Array.from({ length: 9 }, () => lognormal(random, 5, 2));
    sizes[1] *= 1 + label;
    const shares = Array.from({ length: 9 }, () => random.uniform());
    return { x: [...flags, ...sizes, ...shares], y: shareOf(label, 5) };
  }),
  averages: rowwise("numbers", (random) => {
    const x = [between(random, 0, 100), between(random, 0, 100)];
    return { x, y: [(x[0] + x[1]) / 2] };
  }),
  prices: rowwise("numbers", (random) => {
    const rooms = 1 + random.integer(5);
    const distance = between(random, 1, 30);
    const land = lognormal(random, 6, 0.7);
    const x = [
      rooms,
      distance,
      land,
      1 + random.integer(3),
      random.integer(4),
      3000 + random.integer(200),
    ];
    x.push(-37.8 + 0.1 * random.normal(), 145 + 0.1 * random.normal());
    return { x, y: [4e5 + 3e5 * rooms - 2.5e4 * distance + 200 * land + 5e4 * random.normal()] };
  }),
  line: given("numbers", linePoints(8)),
  ramp: rowwise("numbers", (random, i) => {
    const x = i % 100;
    return { x: [x, 1], y: [2 * x + 4 + 10 * random.uniform()] };
  }),
  parabolaTerms: given(
    "numbers",
    [0, 1, 2, 3].map((x) => ({ x: [x ** 2, x], y: [x ** 2] })),
  ),
  shiftedRows: rowwise("labels", (random) => {
    const isPlain = random.uniform() < 1 / 3;
    const shift = isPlain ? 0 : 2 * random.integer(2) - 1;
    return {
      x: Array.from({ length: 14 }, () => 0.1 * random.normal() + shift),
      y: yes(isPlain),
    };
  }),
  circles: rowwise("labels", (random) => {
    const label = random.integer(2);
    const angle = 2 * Math.PI * random.uniform();
    const radius = label === 1 ? 0.8 : 1;
    const x = [Math.cos(angle), Math.sin(angle)].map((own) => radius * own + 0.1 * random.normal());
    return { x: x.map((own) => 100 * own), y: [label] };
  }, 0.85),
  blobs: rowwise("classes", (random) => {
    const label = random.integer(3);
    const centre = [[-1, -9.5], [1, -4], [-2, -1]][label];
    return { x: centre.map((own) => 100 * (own + 2 * random.normal())), y: shareOf(label, 3) };
  }, 0.8),
  negativeInputs: rowwise("numbers", (random) => {
    const x = Array.from({ length: 4 }, () => between(random, -1, 0));
    return { x, y: [x[0] * x[1] - x[2] + 0.5 * x[3]] };
  }),
  gameOfLife,
  reviews,
  keypoints,
  sharpened,
  photosOfTen: photos({ edge: 16, channels: 3, classes: 10 }),
  photosOfThree: photos({ edge: 38, channels: 3, classes: 3 }),
  photosOfTwo: photos({ edge: 64, channels: 3, classes: 2 }),
  greyPhotosOfTwo: photos({ edge: 32, channels: 1, classes: 2 }),
  signs: photos({ edge: 32, channels: 3, classes: 20 }),
};

/** Points near a line that is steep for inputs of rms 4.6. */
function linePoints(count: number): Example[] {
  return Array.from({ length: count }, (_, i) => {
    const x = -8 + 16 * (i + 0.5) / count;
    return { x: [x], y: [5.2 * x - 3.1 + (i % 3 - 1) * 0.6] };
  });
}
