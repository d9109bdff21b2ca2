import { rateSchedule } from "../../../src/ground/traits/rate_schedules.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";

/** Settings of Keras 3.15 with a default, which old files lack, beside those that it requires. */
const SETTINGS: [name: string, required: object, defaults: object][] = [
  ["ExponentialDecay", { decay_steps: 10, decay_rate: 0.5 }, { staircase: false }],
  ["InverseTimeDecay", { decay_steps: 10, decay_rate: 0.5 }, { staircase: false }],
  ["PolynomialDecay", { decay_steps: 10 }, { end_learning_rate: 1e-4, power: 1, cycle: false }],
  ["CosineDecay", { decay_steps: 10 }, { alpha: 0, warmup_target: null, warmup_steps: 0 }],
  ["CosineDecay", { decay_steps: 10, warmup_target: 0.4 }, { alpha: 0, warmup_steps: 0 }],
  ["CosineDecayRestarts", { first_decay_steps: 10 }, { t_mul: 2, m_mul: 1, alpha: 0 }],
];

for (const [class_name, required, defaults] of SETTINGS) {
  const initial_learning_rate = 0.1;
  Deno.test(`rateSchedule() of ${class_name} takes the defaults of Keras for ${Object.keys(defaults)}`, () => {
    const short = rateSchedule({ class_name, config: { initial_learning_rate, ...required } })!;
    const config = { initial_learning_rate, ...required, ...defaults };
    const whole = rateSchedule({ class_name, config })!;
    assertEquals([short.peak, short.warmUp], [whole.peak, whole.warmUp]);
    for (let step = 0; step < 40; step++) assertEquals(short.at(step), whole.at(step));
    // Without steps to warm up in, the initial rate is not used.
    if ("warmup_target" in required) return;
    for (const key of ["initial_learning_rate", ...Object.keys(required)]) {
      assertEquals(rateSchedule({ class_name, config: { ...config, [key]: "1" } }), null, key);
    }
  });
}

Deno.test("rateSchedule() knows the largest rate, and the step that reaches it", () => {
  const rows: [class_name: string, config: object, peak: number, warmUp: number][] = [
    ["PolynomialDecay", { decay_steps: 10, end_learning_rate: 0.5 }, 0.5, 10],
    ["PolynomialDecay", { decay_steps: 10, end_learning_rate: 0.05 }, 0.1, 0],
    ["CosineDecay", { decay_steps: 10, warmup_target: 0.4, warmup_steps: 5 }, 0.4, 5],
    ["PiecewiseConstantDecay", { boundaries: [3, 6], values: [0.1, 0.2, 0.05] }, 0.2, 4],
    ["PiecewiseConstantDecay", { boundaries: [3, 6], values: [0.3, 0.2, 0.05] }, 0.3, 0],
  ];
  for (const [class_name, more, peak, warmUp] of rows) {
    const schedule = rateSchedule({ class_name, config: { initial_learning_rate: 0.1, ...more } })!;
    assertEquals([schedule.peak, schedule.warmUp], [peak, warmUp], class_name);
    assertAlmostEquals(schedule.at(warmUp), peak, 1e-12);
    for (let step = 0; step < 40; step++) assertEquals(schedule.at(step) <= peak, true);
  }
});

Deno.test("rateSchedule() starts each period of CosineDecayRestarts anew, twice as long", () => {
  const config = { initial_learning_rate: 0.1, first_decay_steps: 10, m_mul: 0.5 };
  const { at } = rateSchedule({ class_name: "CosineDecayRestarts", config })!;
  const rates = [0, 5, 10, 20, 30, 50].map((step) => at(step + 1e-9));
  [0.1, 0.05, 0.05, 0.025, 0.025, 0.0125].forEach((rate, i) =>
    assertAlmostEquals(rates[i], rate, 1e-9)
  );
});

Deno.test("rateSchedule() is null unless it gets a whole schedule of Keras", () => {
  const config = { initial_learning_rate: 0.1, boundaries: [3], values: [0.1, 0.2] };
  const whole = { class_name: "PiecewiseConstantDecay", config };
  assertEquals(rateSchedule(whole)!.peak, 0.2);
  const wrong = [
    null,
    3,
    { ...whole, class_name: "toString" },
    { ...whole, class_name: 3 },
    { ...whole, config: null },
    { ...whole, config: "x" },
    { ...whole, config: { ...config, values: [0.1] } },
    { ...whole, config: { ...config, values: [0.1, 0.2, 0.3] } },
    { ...whole, config: { ...config, values: [0.1, "0.2"] } },
    { ...whole, config: { ...config, boundaries: ["3"] } },
    { ...whole, config: { ...config, boundaries: 3 } },
  ];
  for (const one of wrong) assertEquals(rateSchedule(one), null, JSON.stringify(one));
});
