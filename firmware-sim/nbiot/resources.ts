import type { Path } from '../../core/lwm2m/path.ts';
import { formatPath, isUnder, parsePath } from '../../core/lwm2m/path.ts';
import type { ResourceType, ResourceValue } from '../../core/lwm2m/value.ts';

/** A resource of a node: at least one of the three. */
export interface Resource {
  readonly type: ResourceType;
  read?(): ResourceValue;
  write?(value: ResourceValue): void;
  execute?(): void;
  /** A measured value, and its name in plain SenML; the others describe the node. */
  readonly senml?: { readonly name: string; readonly unit?: string };
}

/** The resources of a node by their paths, object/instance/resource. */
export class Resources {
  readonly #byPath: ReadonlyMap<string, Resource>;

  constructor(resources: Readonly<Record<string, Resource>>) {
    this.#byPath = new Map(Object.entries(resources));
  }

  get(path: Path): Resource | undefined {
    return this.#byPath.get(formatPath(path));
  }

  /** Those that can be read at `path` or under it, in order. */
  readable(
    path: Path,
  ): readonly { readonly path: Path; readonly resource: Resource; readonly value: ResourceValue }[] {
    return [...this.#byPath].flatMap(([text, resource]) => {
      const own = parsePath(text)!;
      if (!resource.read || !isUnder(own, path)) return [];
      return [{ path: own, resource, value: resource.read() }];
    });
  }

  get measured() {
    return this.readable([]).filter(({ resource }) => resource.senml);
  }

  exists(path: Path): boolean {
    return [...this.#byPath.keys()].some((text) => isUnder(parsePath(text)!, path));
  }

  /** The object instances, as a registration lists them. */
  get instances(): readonly string[] {
    return [...new Set([...this.#byPath.keys()].map((text) => formatPath(parsePath(text)!.slice(0, 2))))];
  }
}
