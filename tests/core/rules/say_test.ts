import { assertEquals, assertThrows } from "@std/assert";
import {
  apartFromLayer,
  atLeast,
  atMost,
  between,
  counted,
  exactFigure,
  exactly,
  figure,
  inWords,
  joined,
  kindOfSentence,
  layerName,
  layerNames,
  lessThan,
  moreThan,
  NOTHING,
  number,
  say,
  sayPlain,
  shareFigure,
  slotsOf,
  weightName,
} from "../../../src/core/rules/say.ts";
import { amendFinding, makeFinding, saidOf } from "../../../src/core/rules/finding.ts";
import { type Change, sayChanges } from "../../../src/core/rules/say_changes.ts";

const LAYERS = Array.from({ length: 9 }, (_, i) => ({ name: `d${i + 1}`, className: "Dense" }));

Deno.test("say() keeps texts and slots apart, and takes sentences into one", () => {
  const part = say`, of ${"tanh"}`;
  assertEquals(say`a ${layerName("d1")}${part}${NOTHING} b${say` c`}`, [
    "a ",
    { layer: "d1" },
    ", of ",
    { word: "tanh" },
    " b c",
  ]);
  assertEquals(say`${""}`, [{ word: "" }]);
});

Deno.test("say() takes a line break with its indentation for a space", () => {
  assertEquals(
    say`one
      two ${number(3)}
    four`,
    ["one two ", { value: 3 }, " four"],
  );
  // But not one in a name.
  assertEquals(sayPlain(say`${layerName("a\n  b")}`), "a\n  b");
});

Deno.test("sayPlain() writes each slot in its way", () => {
  const text = (...sentence: Parameters<typeof sayPlain>[0]) => sayPlain(sentence);
  assertEquals(text(figure(0.123456, "x"), " ", exactFigure(123456, "x")), "0.123 123456");
  assertEquals(text(shareFigure(0.9962, "x"), " ", number(1 / 894, "factor")), "99.6 % 1/894");
  assertEquals(text(counted(1, "row"), " ", counted(2, "row")), "1 row 2 rows");
  assertEquals(text(layerNames(["d2", "d3", "d4", "d5"], LAYERS)), "d2 ... d5");
  assertEquals(text(layerNames(["d1", "d3", "d4", "d5"], LAYERS)), "d1, d3, d4 and 1 more");
  assertEquals(text(layerNames(["d1"], LAYERS)), "d1");
  assertEquals(sayPlain(joined([say`a`, say`b`, say`c`], "; ")), "a; b; c");
});

Deno.test("sayPlain() writes the names of layers as it is told, also in those of weights", () => {
  const sentence = say`${weightName("d1/kernel", "d1")} of ${layerName("d1")}, ${
    weightName("shared", "d1")
  }, ${layerNames(["d1", "d3"], LAYERS)}, ${"d1"}`;
  assertEquals(
    sayPlain(sentence, (name) => name.toUpperCase()),
    "D1/kernel of D1, shared, D1, D3, d1",
  );
});

Deno.test("kindOfSentence() is the same for the same texts, whatever stands between them", () => {
  const saying = (layer: string, value: number) => say`${layerName(layer)} has ${number(value)}.`;
  assertEquals(kindOfSentence(saying("d1", 1)), kindOfSentence(saying("d2", 2)));
  assertEquals(kindOfSentence(saying("d1", 1)) === kindOfSentence(say`${"d1"} had 1.`), false);
  // A text is not a slot, even if it reads the same.
  assertEquals(kindOfSentence(["null"]) === kindOfSentence([layerName("null")]), false);
});

Deno.test("apartFromLayer() is the same where two layers have the same said of them", () => {
  const saying = (layer: string, value: number, other: string) =>
    apartFromLayer(
      say`${weightName(`${layer}/kernel`, layer)} of ${layerName(layer)} has ${
        number(value)
      } under ${layerName(other)}`,
      layer,
    );
  assertEquals(saying("d1", 1, "d9"), saying("d2", 1, "d9"));
  assertEquals(saying("d1", 1, "d9") === saying("d2", 2, "d9"), false);
  assertEquals(saying("d1", 1, "d9") === saying("d2", 1, "d8"), false);
  const kernel = apartFromLayer([weightName("d1/kernel", "d1")], "d1");
  assertEquals(kernel === apartFromLayer([weightName("d1/bias", "d1")], "d1"), false);
});

Deno.test("slotsOf() leaves the texts out", () => {
  assertEquals(slotsOf(say`a ${"b"} c ${number(1)}`), [{ word: "b" }, { value: 1 }]);
});

Deno.test("what is expected is an operator with bounds, and reads so in a sentence", () => {
  const texts = [
    atLeast(0.001),
    atMost(123456),
    moreThan(0, { of: "max |dJ/dw|" }),
    lessThan(1),
    exactly(123456, { unit: "rows" }),
    between(-1, 0.5),
    inWords("a finite J"),
  ];
  const written = [">= 0.001", "<= 1.23e5", "max |dJ/dw| > 0", "< 1", "123456 rows", "-1 .. 0.5"];
  assertEquals(texts.map(({ text }) => text), [...written, "a finite J"]);
  assertEquals(texts.map((expected) => sayPlain(say`${expected}`)), [...written, "a finite J"]);
  assertEquals(atLeast(8, { unit: "examples" }), {
    text: ">= 8 examples",
    operator: ">=",
    bounds: [8],
    unit: "examples",
  });
  assertEquals(slotsOf(say`expected ${between(1, 2)}`), [{ value: 1 }, { value: 2 }]);
});

Deno.test("makeFinding() takes strings as they are, and sentences as texts and data", () => {
  const verdict = { severity: "error" as const, layer: null, measured: 1 };
  const plain = makeFinding("r", { ...verdict, expected: "0", message: "Off.", fix: "Mend." });
  assertEquals(plain, {
    rule: "r",
    ...verdict,
    expected: { text: "0" },
    message: "Off.",
    fix: "Mend.",
  });
  assertEquals(saidOf(plain, "message"), ["Off."]);
  const message = say`${layerName("d1")} is off.`;
  const said = makeFinding("r", { ...verdict, expected: atMost(0), message, fix: "Mend." });
  assertEquals([said.message, said.said], ["d1 is off.", { message, fix: ["Mend."] }]);
});

Deno.test("amendFinding() changes text and data together", () => {
  const message = say`${layerName("d1")} is off.`;
  const verdict = { severity: "error" as const, layer: "d1", measured: 1, expected: "0" };
  const finding = makeFinding("r", { ...verdict, message, fix: "Mend." });
  const amended = amendFinding(finding, { severity: "note", message: say`${message} So what.` });
  assertEquals(amended.message, "d1 is off. So what.");
  assertEquals(amended.said!.message, [{ layer: "d1" }, " is off. So what."]);
  assertEquals([amended.severity, amended.fix], ["note", "Mend."]);
});

Deno.test("say() names what is not text and nothing to say", () => {
  const texts = ["a", 1] as unknown as TemplateStringsArray;
  assertThrows(() => say(texts), TypeError, "texts[1] is 1, expected a text");
  assertThrows(() => say`a ${7 as never}`, TypeError, "values[0] is 7, expected text, a name");
});

Deno.test("sayPlain() marks the names of layers that are numbers, and no others", () => {
  const all = ["0", "2", "4", "6", "8"].map((name) => ({ name, className: "Linear" }));
  const some = (names: string[]) => layerNames(names, all);
  assertEquals(
    sayPlain(say`The kernels of ${some(["0", "2", "4"])} are too large.`),
    "The kernels of layers `0`, `2`, `4` are too large.",
  );
  assertEquals(sayPlain(say`${layerName("2")} is frozen.`), "Layer `2` is frozen.");
  assertEquals(sayPlain([layerName("2")]), "layer `2`");
  assertEquals(sayPlain(say`The layer ${layerName("2")} is new.`), "The layer `2` is new.");
  assertEquals(sayPlain(say`\`${layerName("2")}\` fits.`), "`2` fits.");
  assertEquals(sayPlain([some(["0", "2", "4", "6"])]), "layers `0` ... `6`");
  assertEquals(sayPlain([weightName("0/weight", "0")]), "0/weight");
  assertEquals(sayPlain(say`${layerName("dense_1")} is frozen.`), "dense_1 is frozen.");
});

const CHANGED_LAYERS = ["a", "b", "c", "d", "e"].map((name) => ({ name, className: "Dense" }));

const change = (layer: string, after: number, over: Partial<Change> = {}): Change => ({
  layer,
  subject: "kernels",
  isShare: false,
  before: 1,
  after,
  ...over,
});

const said = (...changes: Change[]) => sayChanges(changes, CHANGED_LAYERS);

Deno.test("sayChanges() says neighbours with the same change as one", () => {
  assertEquals(said(...["b", "c", "d", "e"].map((name) => change(name, 2))), [
    "the kernels of b ... e are 2 times larger",
  ]);
});

Deno.test("sayChanges() parts factors that are three times apart, the largest first", () => {
  assertEquals(said(change("a", 2), change("b", 5.9)), [
    "the kernels of a, b are 2 to 5.9 times larger",
  ]);
  assertEquals(said(change("a", 2), change("b", 6.1), change("c", 1 / 2)), [
    "the kernel of b is 6.1 times larger",
    "the kernel of a is 2 times larger",
    "the kernel of c is 2 times smaller",
  ]);
});

Deno.test("sayChanges() says weights first, and counts what is left", () => {
  const gradients = { subject: "gradients" };
  assertEquals(
    said(
      change("a", 9, { subject: "dead share", isShare: true, before: 0.25, after: 0.5 }),
      ...[change("a", 2, { subject: "activations" }), change("b", 3, { subject: "activations" })],
      ...[change("a", 4, gradients), change("a", 2)],
    ),
    [
      "the kernel of a is 2 times larger",
      "its gradients are 4 times larger",
      "the activations of a, b are 2 to 3 times larger",
      "1 more figure moved",
    ],
  );
});

Deno.test("sayChanges() says weights last that hardly changed", () => {
  const first = (times: number) =>
    said(change("a", times), change("a", 9, { subject: "gradients" }))[0];
  assertEquals(first(1.49), "the gradients of a are 9 times larger");
  assertEquals(first(1.5), "the kernel of a is 1.5 times larger");
});

Deno.test("sayChanges() gives the range of what no factor says", () => {
  const dead = (layer: string, before: number, after: number) =>
    change(layer, after, { subject: "dead share", isShare: true, before });
  assertEquals(said(dead("a", 0, 0.5), dead("b", 0, 0.75)), [
    "the dead share of a, b is 50 % to 75 % and was 0 %",
  ]);
  assertEquals(said(change("a", NaN), change("b", 0)), ["the kernels of a, b are NaN and were 1"]);
  assertEquals(said(change("a", NaN)), ["the kernel of a is NaN and was 1"]);
  assertEquals(said(), []);
});
