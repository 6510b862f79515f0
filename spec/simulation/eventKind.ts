import type { Chance } from './chance.ts';
import type { Participant } from './participant.ts';
import type { SimulatedProcess } from './process.ts';
import type { Profile } from './profile.ts';
import type { World } from './world.ts';

/** What an event is about: chosen before the event itself is. */
export interface Scene {
  readonly world: World;
  readonly process: SimulatedProcess;
  /** A handle of the process that is open. */
  readonly participant: Participant | undefined;
  readonly key: string;
  readonly chance: Chance;
  readonly profile: Profile;
}

/** One kind of event. It happens as often as its weight says, among those that are possible. */
export interface EventKind {
  readonly name: string;
  readonly weight: (scene: Scene) => number;
  /** Returns `false` if nothing came of it. */
  readonly act: (scene: Scene) => boolean | void | Promise<void>;
}

/** An event in the process of the scene, while it is not paused. */
export function inside(
  name: string,
  weight: (scene: Scene) => number,
  act: (process: SimulatedProcess, scene: Scene) => void,
): EventKind {
  return {
    name,
    weight: (scene) => (scene.process.isPaused ? 0 : weight(scene)),
    act: (scene) => scene.world.run(scene.process, () => act(scene.process, scene)),
  };
}

/** A call of one of its handles. */
export function call(
  name: string,
  weight: (scene: Scene) => number,
  act: (participant: Participant, scene: Scene) => void,
): EventKind {
  return inside(
    name,
    (scene) => (scene.participant === undefined ? 0 : weight(scene)),
    (_, scene) => {
      if (scene.participant !== undefined) act(scene.participant, scene);
    },
  );
}
