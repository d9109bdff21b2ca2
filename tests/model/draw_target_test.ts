import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { drawTarget } from "../../src/model/batches/random_targets.ts";
import { SeededRandom } from "../../src/model/batches/seeded_random.ts";

const { tf } = await startEngine();

/** Many targets of a loss: their shape, and their entries. */
function draw(loss: string, head = "linear", shape = [200, 3]) {
  const tensor = drawTarget(tf, new SeededRandom(0, "x"), { loss, head, shape });
  const drawn = { shape: tensor.shape, values: [...tensor.dataSync()] };
  tensor.dispose();
  return drawn;
}

const distinct = (values: number[]) => [...new Set(values)].sort((a, b) => a - b);

Deno.test("drawTarget() draws every class, of which a row has one", () => {
  for (const loss of ["categoricalCrossentropy", "categoricalHinge", "kullbackLeiblerDivergence"]) {
    const { shape, values } = draw(loss);
    assertEquals([shape, distinct(values)], [[200, 3], [0, 1]]);
    const rows = Array.from({ length: 200 }, (_, i) => values.slice(3 * i, 3 * i + 3));
    assertEquals(distinct(rows.map((row) => row.reduce((a, b) => a + b))), [1]);
    assertEquals(distinct(rows.map((row) => row.indexOf(1))), [0, 1, 2]);
  }
  const sparse = draw("sparseCategoricalCrossentropy", "softmax", [50, 4, 3]);
  assertEquals([sparse.shape, distinct(sparse.values)], [[50, 4, 1], [0, 1, 2]]);
});

Deno.test("drawTarget() draws what a loss takes, all of it", () => {
  assertEquals(distinct(draw("binaryCrossentropy").values), [0, 1]);
  assertEquals(distinct(draw("hinge").values), [-1, 1]);
  assertEquals(distinct(draw("squaredHinge").values), [-1, 1]);
  assertEquals(distinct(draw("poisson").values), [0, 1, 2, 3]);
  assertEquals(draw("meanSquaredLogarithmicError").values.every((x) => x >= 0), true);
});

Deno.test("drawTarget() draws within the range of the head", () => {
  const range = (head: string) => {
    const { values } = draw("meanSquaredError", head, [1000, 1]);
    return [Math.min(...values), Math.max(...values)];
  };
  const between = (head: string, low: number, high: number, reach: number) => {
    const [least, most] = range(head);
    assertEquals([least >= low, most <= high, most - least > reach], [true, true, true], head);
  };
  between("sigmoid", 0, 1, 0.8);
  between("tanh", -1, 1, 1.8);
  between("relu", 0, Infinity, 2.5);
  between("relu6", 0, 6, 2.5);
  for (const head of ["linear", "softmax", "elu", "unheard"]) between(head, -5, 5, 5);
});
