// The rules that decide whether a capture counts. Each compares with the last good capture, never with the last one:
// what went wrong yesterday must not become today's measure. Pure: figures in, reasons out.

public import HikaeCore
public import HikaeSource

/// Compares a capture with the last good one.
public struct VerdictRules: Sendable {
    /// What a capture is judged by.
    public struct Reading: Sendable, Equatable {
        public var facts: CaptureFacts
        public var changes: CaptureRecord.Changes
        public var content: ContentFindings
        /// When the capture was finished; nil: what went little by little is not looked for.
        public var time: Timestamp?

        public init(
            facts: CaptureFacts, changes: CaptureRecord.Changes, content: ContentFindings = ContentFindings(),
            time: Timestamp? = nil
        ) {
            (self.facts, self.changes, self.content, self.time) = (facts, changes, content, time)
        }
    }

    public var thresholds: GuardThresholds
    public var language: ReasonLanguage
    private var words: ReasonWords { ReasonWords(language: language) }

    /// Groups that are named in reasons of one rule; the others are counted.
    private static let namedGroups = 5

    public init(thresholds: GuardThresholds = GuardThresholds(), language: ReasonLanguage = .english) {
        (self.thresholds, self.language) = (thresholds, language)
    }

    /// The reasons to doubt a capture; none when it is good.
    ///
    /// - Parameter lastGood: the record of the last good capture; nil when there is none.
    public func reasons(_ reading: Reading, lastGood: CaptureRecord?) -> [VerdictReason] {
        var reasons = emptiness(reading.facts, lastGood?.facts)
        if let lastGood {
            // Where nothing is left, saying of each part that it is gone adds nothing.
            if reasons.isEmpty {
                reasons += shrinking(reading.facts, lastGood.facts)
                if reasons.isEmpty { reasons += erosion(reading, lastGood) }
                reasons += groups(reading.facts, lastGood.facts)
            }
            reasons += rebirth(reading.facts, lastGood.facts)
            if reading.facts.items > 0 { reasons += massChange(reading, lastGood) }
        }
        return reasons + rotten(reading) + contents(reading.facts.unit, reading.content) + unlisted(reading)
            + unreadable(reading)
    }

    /// The reasons to doubt a capture, those included that lie in what it is compared with.
    public func reasons(_ reading: Reading, against baseline: CaptureBaseline) -> [VerdictReason] {
        doubts(baseline) + reasons(reading, lastGood: baseline.record)
    }

    private func doubts(_ baseline: CaptureBaseline) -> [VerdictReason] {
        var reasons: [VerdictReason] = []
        if baseline.isUncertain { reasons.append(VerdictReason(.historyIncomplete, words.historyIncomplete)) }
        if baseline.unreadable > 0 {
            let sentence = words.baselineUnreadable(baseline.unreadable, comparedWith: baseline.record?.capture)
            reasons.append(VerdictReason(.baselineLost, sentence))
        } else if baseline.isRepaired, let record = baseline.record {
            reasons.append(VerdictReason(.baselineLost, words.baselineRepaired(record.capture)))
        }
        return reasons
    }

    private func emptiness(_ now: CaptureFacts, _ before: CaptureFacts?) -> [VerdictReason] {
        let isEmpty = now.items == 0 && (now.unit != .rows || now.groups.isEmpty || (before?.items ?? 0) > 0)
        guard isEmpty else { return [] }
        guard let before else { return [VerdictReason(.empty, words.nothingYet(now.unit))] }
        // A person accepted an empty one before.
        guard before.items > 0 else { return [] }
        return [VerdictReason(.empty, words.nothingLeft(now.unit, before: before.items))]
    }

    // MARK: Far less

    private func shrinking(_ now: CaptureFacts, _ before: CaptureFacts) -> [VerdictReason] {
        let allowed = thresholds.allowedShrink(items: before.items)
        var reasons: [VerdictReason] = []
        if let percent = Self.lost(now.items, before.items), percent > allowed {
            reasons.append(
                VerdictReason(
                    .fewerItems,
                    words.fewer(now.unit, before: before.items, now: now.items, percent: percent, allowed: allowed)))
        }
        if let percent = Self.lost(now.bytes, before.bytes), percent > allowed {
            reasons.append(
                VerdictReason(
                    .fewerBytes,
                    words.fewerBytes(before: before.bytes, now: now.bytes, percent: percent, allowed: allowed)))
        }
        return reasons
    }

    /// Less than the last weeks' most by half as much again as may go at once.
    private func erosion(_ reading: Reading, _ lastGood: CaptureRecord) -> [VerdictReason] {
        guard let time = reading.time, let peak = CapturePeak(lastGood, at: time) else { return [] }
        let allowed = min(100, 1.5 * thresholds.allowedShrink(items: peak.items))
        guard let percent = Self.lost(reading.facts.items, peak.items), percent > allowed else { return [] }
        let sentence = words.eroded(
            reading.facts.unit, peak, now: reading.facts.items, percent: percent, allowed: allowed)
        return [VerdictReason(.eroded, sentence)]
    }

    /// How many percent are gone; nil when nothing is.
    static func lost(_ now: UInt64, _ before: UInt64) -> Double? {
        guard now < before else { return nil }
        return Double(before - now) / Double(before) * 100
    }

    private func groups(_ now: CaptureFacts, _ before: CaptureFacts) -> [VerdictReason] {
        let current = Dictionary(now.groups.map { ($0.name, $0) }) { first, _ in first }
        var gone: [VerdictReason] = []
        var shrunk: [VerdictReason] = []
        for group in before.groups {
            guard let found = current[group.name] else {
                if isMissed(group, before.unit) {
                    gone.append(VerdictReason(.groupGone, words.gone(before.unit, group.name, items: group.items)))
                }
                continue
            }
            let isLarge = group.items >= UInt64(max(0, thresholds.minimumItems))
            // A part may shrink more than the whole: work is moved from one folder to another.
            let allowed = max(50, thresholds.shrinkPercent)
            if isLarge, let percent = Self.lost(found.items, group.items), percent > allowed {
                shrunk.append(
                    VerdictReason(
                        .groupShrunk,
                        words.shrunk(
                            before.unit, group.name, before: group.items, now: found.items, percent: percent,
                            allowed: allowed)))
            }
        }
        return named(gone, .groupGone) + named(shrunk, .groupShrunk)
    }

    /// A table is missed whatever was in it; a mailbox or a bucket's part when there was something; a folder, which
    /// people make and remove every day, when there was much.
    private func isMissed(_ group: CaptureFacts.Group, _ unit: CaptureUnit) -> Bool {
        switch unit {
        case .rows: true
        case .messages: group.items > 0
        case .files, .objects: group.items >= UInt64(max(1, thresholds.minimumItems))
        }
    }

    private func rebirth(_ now: CaptureFacts, _ before: CaptureFacts) -> [VerdictReason] {
        let current = Dictionary(now.groups.map { ($0.name, $0) }) { first, _ in first }
        let reborn = before.groups.compactMap { group -> VerdictReason? in
            guard let was = group.identity, let found = current[group.name], let identity = found.identity,
                was != identity
            else { return nil }
            return VerdictReason(
                .groupReborn,
                words.reborn(group.name, was: was, identity: identity, before: group.items, now: found.items))
        }
        return named(reborn, .groupReborn)
    }

    private func named(_ reasons: [VerdictReason], _ rule: VerdictReason.Rule) -> [VerdictReason] {
        guard reasons.count > Self.namedGroups else { return reasons }
        let more = VerdictReason(rule, words.andMore(reasons.count - Self.namedGroups))
        return Array(reasons.prefix(Self.namedGroups)) + [more]
    }

    // MARK: All at once

    private func massChange(_ reading: Reading, _ lastGood: CaptureRecord) -> [VerdictReason] {
        // A dump is one file, and another one each time.
        guard reading.facts.unit != .rows else { return [] }
        let before = lastGood.changes.files
        let still = reading.changes.changed + reading.changes.unchanged
        guard before > 0, before >= thresholds.minimumItems else { return [] }
        let gone = max(0, before - still)
        let percent = Double(min(before, reading.changes.changed + gone)) / Double(before) * 100
        guard percent > thresholds.changePercent else { return [] }
        // A mailbox has files of its own beside its messages, a bucket beside its objects: people know the latter.
        let unit = reading.facts.unit
        let told = unit == .files ? before : min(before, Int(clamping: lastGood.facts.items))
        let toldChanged = min(told, reading.changes.changed)
        let toldGone = min(told - toldChanged, gone)
        return [
            VerdictReason(
                .massChange,
                words.massChange(
                    unit, before: told, changed: toldChanged, gone: toldGone,
                    percent: told > 0 ? Double(toldChanged + toldGone) / Double(told) * 100 : percent,
                    allowed: thresholds.changePercent))
        ]
    }

    // MARK: What stands in it

    private func contents(_ unit: CaptureUnit, _ content: ContentFindings) -> [VerdictReason] {
        func reason(_ rule: VerdictReason.Rule, _ finding: ContentFindings.Finding) -> VerdictReason? {
            guard finding.count > 0, content.looked > 0 else { return nil }
            let percent = Double(finding.count) / Double(content.looked) * 100
            // One odd file among a few is everyday life.
            guard percent > thresholds.contentPercent, finding.count >= 3 || finding.count == content.looked else {
                return nil
            }
            return VerdictReason(
                rule,
                words.content(
                    rule, unit, count: finding.count, of: content.looked, examples: finding.examples, percent: percent,
                    allowed: thresholds.contentPercent))
        }
        return [reason(.errorPages, content.errorPages), reason(.noise, content.noise)].compactMap { $0 }
    }

    /// No program that writes a file leaves its time as it was; disks that rot and people who hide something do.
    private func rotten(_ reading: Reading) -> [VerdictReason] {
        let (unit, changes) = (reading.facts.unit, reading.changes)
        guard unit == .files || unit == .objects, changes.rotten > 0 else { return [] }
        return [VerdictReason(.rotten, words.rotten(unit, count: changes.rotten, examples: changes.rottenPaths))]
    }

    /// One folder is one item that could not be read, however much was in it.
    private func unlisted(_ reading: Reading) -> [VerdictReason] {
        let changes = reading.changes
        guard changes.unlistedFilled > 0 else { return [] }
        return [
            VerdictReason(.unlistedFolders, words.unlisted(count: changes.unlistedFilled, paths: changes.unlistedPaths))
        ]
    }

    private func unreadable(_ reading: Reading) -> [VerdictReason] {
        let lost = reading.changes.unreadable
        let all = reading.changes.files + lost
        guard lost > 0, all > 0 else { return [] }
        let percent = Double(lost) / Double(all) * 100
        guard percent > thresholds.unreadablePercent else { return [] }
        return [
            VerdictReason(
                .unreadable,
                words.unreadable(count: lost, of: all, percent: percent, allowed: thresholds.unreadablePercent))
        ]
    }
}
