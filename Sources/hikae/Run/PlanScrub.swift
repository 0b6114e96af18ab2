// `hikae check` by a plan: every vault, one after another; what is damaged in one is mended from the others.

import HikaeCore
import HikaeFormat
import HikaeOperations
import HikaePlan
import HikaeRepository

/// A scrub of every vault of a plan.
struct PlanScrub {
    let session: PlanSession
    let options: ScrubRun.Options
    let takesNoLock: Bool

    private var console: Console { .shared }

    func run() throws(HikaeError) -> ExitStatus {
        var broken: [String] = []
        var failure: HikaeError?
        var reached = 0
        for vault in session.plan.vaults {
            do throws(HikaeError) {
                try session.context.cancellation.check()
                if try !scrub(vault).isWhole { broken.append(vault.name) }
                reached += 1
            } catch {
                if error.code == .cancelled { throw error }
                failure = failure ?? error
                ErrorDisplay.passing(error, during: "check", item: vault.name)
            }
        }
        if reached == 0, let failure { throw failure }
        if console.isJSON {
            console.printObject { json in
                json.member("message_type", "summary")
                json.member("vaults", session.plan.vaults.count)
                json.member("vaults_checked", reached)
                json.key("vaults_broken")
                json.strings(broken)
            }
        }
        guard broken.isEmpty else {
            alarm(broken)
            throw ScrubRun.error(broken)
        }
        return failure == nil ? .done : .failed
    }

    private func scrub(_ vault: PlanVault) throws(HikaeError) -> ScrubOutcome {
        let opener = VaultOpener(session.plan, options: session.vaults, context: session.context)
        let open = try opener.open(vault, lock: takesNoLock ? .none : .exclusive)
        defer { open.close() }
        var others: [VaultSession] = []
        defer { for other in others { other.close() } }
        let run = ScrubRun(
            name: vault.name, options: options, parity: vault.parity, state: session.journal.folder,
            cancellation: open.cancellation)
        do throws(HikaeError) {
            return try run.run(open.repository) { () throws(HikaeError) in
                others = try self.others(than: vault, opener)
                return others.map { ($0.name, $0.repository) }
            }
        } catch {
            throw open.explained(error)
        }
    }

    /// The other vaults, locked to be read; those that do not open are told of.
    private func others(than vault: PlanVault, _ opener: VaultOpener) throws(HikaeError) -> [VaultSession] {
        var opened: [VaultSession] = []
        for other in session.plan.vaults where other.name != vault.name {
            do throws(HikaeError) {
                opened.append(try opener.openIndexed(other, lock: .shared))
            } catch {
                if error.code == .cancelled {
                    for open in opened { open.close() }
                    throw error
                }
                ErrorDisplay.passing(error, during: "mend", item: other.name)
            }
        }
        return opened
    }

    /// Tells people, when nobody may be looking.
    private func alarm(_ broken: [String]) {
        guard options.mends || options.share != nil, !session.plan.alarms.isEmpty else { return }
        let (words, names) = (session.words, broken.joined(separator: ", "))
        let alarm = Alarm(
            subject: words.say(
                "【控え】\(session.plan.organisation): 保管先が壊れています",
                "[hikae] \(session.plan.organisation): a vault is damaged"),
            text: words.say(
                "次の保管先に、修復できていない破損があります: \(names)\n`hikae check --mend` で確かめてください。",
                "Damage that is not mended is in: \(names)\nLook at it with `hikae check --mend`."))
        for delivery in alarm.send(to: session.plan.alarms.map(\.command)) {
            if let error = delivery.error { ErrorDisplay.passing(error, during: "alarm", item: delivery.channel) }
        }
    }
}
