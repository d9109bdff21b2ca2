import type { Program } from "../facts.ts";
import { DEMONSTRATIONS } from "./demonstrations.ts";
import { EVEN_POSTS } from "./even_posts.ts";
import { GITHUB_PROGRAMS } from "./github.ts";
import { ODD_POSTS } from "./odd_posts.ts";
import { SEEDED } from "./seeded.ts";

/** Programs that rules may be tuned on: even posts and seeded faults. */
export const TUNED: Program[] = [...EVEN_POSTS, ...SEEDED];

/** Programs for reporting: odd posts, repositories, and the demonstrations of other tools. */
export const HELD_OUT: Program[] = [...ODD_POSTS, ...GITHUB_PROGRAMS, ...DEMONSTRATIONS];
