import type { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";
import type { Drawn } from "./data.ts";

/** Size of drawn pictures. */
interface PictureSize {
  edge: number;
  channels: number;
  classes: number;
}

type Recipe = (random: SeededRandom, count: number) => Drawn;

/** A picture made of three waves in each channel. */
interface Waves {
  channel: number;
  across: number;
  down: number;
  phase: number;
}

/**
 * Pictures of 0 to 255: each class is a pattern of waves, of which a picture shows a shifted copy of
 * another contrast with noise.
 */
export function photos({ edge, channels, classes }: PictureSize): Recipe {
  return (random, count) => {
    const patterns = Array.from({ length: classes }, () => wavesOf(random, channels));
    const inputs = new Float32Array(count * edge * edge * channels);
    const targets = new Float32Array(count * classes);
    for (let i = 0; i < count; i++) {
      const label = i % classes;
      targets[i * classes + label] = 1;
      const light = 80 + 80 * random.uniform();
      const contrast = 20 + 25 * random.uniform();
      const shift = 0.1 * random.uniform();
      for (let at = 0; at < edge * edge * channels; at++) {
        const channel = at % channels;
        const across = Math.floor(at / channels) % edge / edge + shift;
        const down = Math.floor(at / channels / edge) / edge + shift;
        const value = light + contrast * valueOf(patterns[label], { channel, across, down }) +
          12 * random.normal();
        inputs[i * edge * edge * channels + at] = Math.round(Math.min(255, Math.max(0, value)));
      }
    }
    return {
      inputs,
      inputShape: [edge, edge, channels],
      targets,
      targetShape: [classes],
      kind: "classes",
      ceiling: 1,
    };
  };
}

function wavesOf(random: SeededRandom, channels: number): Waves[] {
  return Array.from({ length: 3 * channels }, (_, i) => ({
    channel: i % channels,
    across: 1 + random.integer(3),
    down: random.integer(4),
    phase: 2 * Math.PI * random.uniform(),
  }));
}

function valueOf(waves: readonly Waves[], at: Omit<Waves, "phase">): number {
  return waves.reduce((sum, { channel, across, down, phase }) => {
    if (channel !== at.channel) return sum;
    return sum + Math.sin(2 * Math.PI * (across * at.across + down * at.down) + phase);
  }, 0);
}

/** Boards of the game of life with a border, and the next board. */
export const gameOfLife: Recipe = (random, count) => {
  const edge = 14;
  const cells = edge ** 2;
  const inputs = new Float32Array(count * cells);
  const targets = new Float32Array(count * (edge - 2) ** 2);
  for (let i = 0; i < count; i++) {
    const board = inputs.subarray(i * cells, (i + 1) * cells);
    board.forEach((_, at) => board[at] = random.integer(2));
    for (let at = 0; at < (edge - 2) ** 2; at++) {
      const row = 1 + Math.floor(at / (edge - 2));
      const column = 1 + at % (edge - 2);
      let alive = 0;
      for (let near = 0; near < 9; near++) {
        alive += board[(row - 1 + Math.floor(near / 3)) * edge + column - 1 + near % 3];
      }
      const own = board[row * edge + column];
      targets[i * (edge - 2) ** 2 + at] = alive === 3 || own === 1 && alive === 4 ? 1 : 0;
    }
  }
  return {
    inputs,
    inputShape: [edge, edge, 1],
    targets,
    targetShape: [edge - 2, edge - 2, 1],
    kind: "labels",
    ceiling: 1,
  };
};

/** Words of a review among 2000, and whether it praises. */
export const reviews: Recipe = (random, count) => {
  const words = 2000;
  const tones = Array.from({ length: words }, () => random.normal());
  const inputs = new Float32Array(count * words);
  const targets = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const mood = random.integer(2);
    let left = 80;
    while (left > 0) {
      const word = random.integer(words);
      const praises = tones[word] > 0 ? 1 : 0;
      if (praises !== mood && random.uniform() < 0.5) continue;
      inputs[i * words + word] = 1;
      left--;
    }
    targets[i] = mood;
  }
  return { inputs, inputShape: [words], targets, targetShape: [1], kind: "labels", ceiling: 1 };
};

/** Grey pictures of 96 x 96 with a face-like blob, and 30 coordinates from -1 to 1 around it. */
export const keypoints: Recipe = (random, count) => {
  const edge = 96;
  const inputs = new Float32Array(count * edge ** 2);
  const targets = new Float32Array(count * 30);
  for (let i = 0; i < count; i++) {
    const centre = { x: 36 + random.integer(24), y: 36 + random.integer(24) };
    const size = 14 + 8 * random.uniform();
    for (let at = 0; at < edge ** 2; at++) {
      const distance = (at % edge - centre.x) ** 2 + (Math.floor(at / edge) - centre.y) ** 2;
      const value = 0.2 + 0.6 * Math.exp(-distance / (2 * size ** 2)) + 0.05 * random.normal();
      inputs[i * edge ** 2 + at] = Math.min(1, Math.max(0, value));
    }
    for (let point = 0; point < 15; point++) {
      const angle = 2 * Math.PI * point / 15;
      targets[i * 30 + 2 * point] = (centre.x + size * Math.cos(angle) - 48) / 48;
      targets[i * 30 + 2 * point + 1] = (centre.y + size * Math.sin(angle) - 48) / 48;
    }
  }
  return {
    inputs,
    inputShape: [edge ** 2],
    targets,
    targetShape: [30],
    kind: "numbers",
    ceiling: 1,
  };
};

/** Blurred small pictures and the sharp ones, from 0 to 1. */
export const sharpened: Recipe = (random, count) => {
  const edge = 16;
  const drawn = photos({ edge, channels: 3, classes: 10 })(random, count);
  const targets = drawn.inputs.map((value) => value / 255);
  const inputs = targets.map((_, i) => {
    const row = edge * 3;
    const near = [i, i - 3, i + 3, i - row, i + row].filter((at) => at >= 0 && at < targets.length);
    return near.reduce((sum, at) => sum + targets[at], 0) / near.length;
  });
  const shape = [edge, edge, 3];
  return { inputs, inputShape: shape, targets, targetShape: shape, kind: "numbers", ceiling: 1 };
};

/** Padded sequences of five numbers, and a class for each step: 1 or 2, 0 for padding. */
export function sequences(isFromZero: boolean): Recipe {
  return (random, count) => {
    const inputs = new Float32Array(count * 20 * 5);
    const targets = new Float32Array(count * 20);
    for (let i = 0; i < count; i++) {
      const length = 11 + random.integer(10);
      for (let step = 0; step < length; step++) {
        const label = 1 + random.integer(2);
        targets[i * 20 + step] = isFromZero ? label - 1 : label;
        for (let k = 0; k < 5; k++) {
          inputs[(i * 20 + step) * 5 + k] = 0.6 * random.normal() + (label === 1 ? 0 : 2);
        }
      }
    }
    return {
      inputs,
      inputShape: [20, 5],
      targets,
      targetShape: [20, 1],
      kind: "classes",
      ceiling: 1,
    };
  };
}
