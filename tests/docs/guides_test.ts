import { documents } from "./markdown.ts";
import { followGuide } from "./follow_guide.ts";

/** What describes the project itself, and has no command to follow. */
const NO_GUIDES = ["docs/architecture.md"];

for (const path of documents().filter((path) => /^docs\/[^/]+$/.test(path))) {
  if (NO_GUIDES.includes(path)) continue;
  Deno.test(`${path}: its commands run, and print what it shows`, () => followGuide(path));
}
