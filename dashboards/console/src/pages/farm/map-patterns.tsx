/** One pattern for each word, so that a zone is told by more than its colour. */
export function MapPatterns() {
  return (
    <defs>
      <pattern id="map-dry" class="map-pattern" width="10" height="10" patternUnits="userSpaceOnUse">
        <circle cx="2.5" cy="2.5" r="1.4" />
        <circle cx="7.5" cy="7.5" r="1.4" />
      </pattern>
      <pattern id="map-wet" class="map-pattern" width="14" height="8" patternUnits="userSpaceOnUse">
        <path d="M0 4q3.5 -4 7 0t7 0" />
      </pattern>
      <pattern id="map-watering" class="map-pattern" width="10" height="10" patternUnits="userSpaceOnUse">
        <path d="M-2 8L8 -2M2 12L12 2" />
      </pattern>
      <pattern id="map-unknown" class="map-pattern" width="12" height="12" patternUnits="userSpaceOnUse">
        <path d="M0 0L12 12M12 0L0 12" />
      </pattern>
      <pattern id="map-fine" class="map-pattern" width="40" height="40" patternUnits="userSpaceOnUse" />
      <pattern id="map-unjudged" class="map-pattern" width="12" height="12" patternUnits="userSpaceOnUse">
        <path d="M0 6H6" />
      </pattern>
    </defs>
  );
}
