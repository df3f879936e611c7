/** The JSON inside a snapshot text, as far as it is read here. */
export interface PortableSnapshot {
  readonly namespace: string;
  readonly flags: ReadonlyMap<string, PortableFlag>;
}

/** One flag with all that belongs to it. */
export interface PortableFlag {
  readonly key: string;
  readonly enabled: boolean;
  readonly type: string;
  readonly description: string;
  readonly defaultVariant: PortableVariant | undefined;
  readonly rules: readonly PortableRule[];
  readonly rollouts: readonly PortableRollout[];
}

/** A variant that a flag can choose. */
export interface PortableVariant {
  readonly key: string;
  /** JSON text; `undefined` without one. */
  readonly attachment: string | undefined;
}

/** A rule with its shares. */
export interface PortableRule {
  readonly operator: string;
  readonly segments: readonly PortableSegment[];
  readonly shares: readonly (PortableVariant & { readonly rollout: number })[];
}

/** A rollout of a boolean flag. */
export interface PortableRollout {
  readonly type: string;
  readonly operator: string;
  readonly segments: readonly PortableSegment[];
  readonly percentage: number | undefined;
  readonly value: boolean;
}

/** A segment, its constraints as they are. */
export interface PortableSegment {
  readonly key: string;
  readonly matchType: string;
  readonly constraints: readonly unknown[];
}

interface Segments {
  [key: string]: { match_type?: string; constraints?: unknown[] };
}

interface Variant {
  key?: string;
  attachment?: string;
}

interface Document {
  namespace: {
    key: string;
    flags?: Record<
      string,
      {
        enabled?: boolean;
        type?: string;
        description?: string;
        default_variant?: Variant;
      }
    >;
    eval_rules?: Record<string, { id?: string; segments?: Segments; segment_operator?: string }[]>;
    eval_rollouts?: Record<
      string,
      {
        rollout_type?: string;
        segment?: { value?: boolean; segment_operator?: string; segments?: Segments };
        threshold?: { percentage?: number; value?: boolean };
      }[]
    >;
    eval_distributions?: Record<
      string,
      { rollout?: number; variant_key?: string; variant_attachment?: string }[]
    >;
  };
}

/** Reads what `getSnapshot` returns. */
export function readPortable(text: string): PortableSnapshot {
  const { namespace } = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as Document;
  const flags = new Map<string, PortableFlag>();
  for (const [key, flag] of Object.entries(namespace.flags ?? {})) {
    const { enabled = false, type = '', description, default_variant: fallback } = flag;
    flags.set(key, {
      key,
      enabled,
      type,
      description: description ?? '',
      defaultVariant: fallback && variant(fallback.key, fallback.attachment),
      rules: (namespace.eval_rules?.[key] ?? []).map((rule) => ({
        operator: rule.segment_operator ?? '',
        segments: segments(rule.segments),
        shares: (namespace.eval_distributions?.[rule.id ?? ''] ?? []).map((share) => ({
          ...variant(share.variant_key, share.variant_attachment),
          rollout: share.rollout ?? 0,
        })),
      })),
      rollouts: (namespace.eval_rollouts?.[key] ?? []).map((rollout) => ({
        type: rollout.rollout_type ?? '',
        operator: rollout.segment?.segment_operator ?? '',
        segments: segments(rollout.segment?.segments),
        percentage: rollout.threshold?.percentage,
        value: (rollout.segment ?? rollout.threshold)?.value ?? false,
      })),
    });
  }
  return { namespace: namespace.key, flags };
}

/** The namespace that a snapshot file names, whichever of the known forms it has. */
export function namespaceOf(text: string): string | undefined {
  for (const json of [text, Buffer.from(text, 'base64').toString('utf8')]) {
    try {
      const { namespace } = JSON.parse(json) as { namespace?: { key?: unknown } };
      if (typeof namespace?.key === 'string') {
        return namespace.key;
      }
    } catch {
      // Whoever reads the whole of it says what is wrong.
    }
  }
  return undefined;
}

function variant(key = '', attachment?: string | null): PortableVariant {
  const isThere = attachment !== undefined && attachment !== null;
  return {
    key,
    attachment: isThere && !['', 'null'].includes(attachment) ? attachment : undefined,
  };
}

function segments(sent: Segments = {}): PortableSegment[] {
  return Object.entries(sent).map(([key, { match_type: matchType = '', constraints = [] }]) => ({
    key,
    matchType,
    constraints,
  }));
}
