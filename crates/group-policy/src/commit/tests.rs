use super::*;

const OWNER: u8 = 1;
const MODERATOR: u8 = 2;
const MEMBER: u8 = 3;
const READER: u8 = 4;
const GUEST: u8 = 5;
const LEFT: u8 = 6;
const NEW: u8 = 7;

fn account(a: u8) -> AccountId {
    AccountId::from_bytes([a; 16])
}

fn device(a: u8, n: u8) -> DeviceId {
    let mut id = [a; 16];
    id[15] = n;
    DeviceId::from_bytes(id)
}

fn seat(a: u8) -> Seat {
    Seat { account: account(a), kind: if a == GUEST { Kind::Guest } else { Kind::Member } }
}

fn roster() -> Roster {
    let two = [OWNER, MODERATOR, MEMBER].into_iter().flat_map(|a| [(device(a, 0), seat(a)), (device(a, 1), seat(a))]);
    let one = [READER, GUEST, LEFT].into_iter().map(|a| (device(a, 0), seat(a)));
    Roster::new(two.chain(one)).unwrap()
}

fn entitled() -> BTreeMap<AccountId, Rank> {
    [
        (OWNER, Rank::Owner),
        (MODERATOR, Rank::Moderator),
        (MEMBER, Rank::Member),
        (READER, Rank::Reader),
        (GUEST, Rank::Member),
        (NEW, Rank::Member),
    ]
    .into_iter()
    .map(|(a, rank)| (account(a), rank))
    .collect()
}

fn judge(class: Class, pending: &[DeviceId], by: u8, proposals: &[Proposed]) -> Result<Roster, Refusal> {
    let (roster, entitled) = (roster(), entitled());
    let pending = pending.iter().copied().collect();
    check(
        &Situation { class, epoch: 3, roster: &roster, entitled: &entitled, pending: &pending },
        &Commit { committer: Some(device(by, 0)), path: true, path_identity_kept: true, proposals },
    )
}

fn add(a: u8, n: u8) -> Change {
    Change::Add { device: device(a, n), seat: seat(a) }
}

fn remove(a: u8, n: u8) -> Change {
    Change::Remove(Some(device(a, n)))
}

fn context(archive: ArchiveChange) -> Change {
    Change::Context { archive, rest_kept: true }
}

#[test]
fn who_may_do_what() {
    use Class::{Recorded, Sealed};
    let ok: Option<Refusal> = None;
    let cases: &[(&str, Class, u8, Change, Option<Refusal>)] = &[
        ("a moderator adds a person", Sealed, MODERATOR, add(NEW, 0), ok),
        ("a member does not", Sealed, MEMBER, add(NEW, 0), Some(Refusal::MayNotAdd)),
        ("a member adds an own device", Sealed, MEMBER, add(MEMBER, 2), ok),
        ("a reader adds an own device", Sealed, READER, add(READER, 2), ok),
        ("a member adds a device of a person here", Sealed, MEMBER, add(MODERATOR, 2), ok),
        ("nobody adds a stranger", Sealed, OWNER, add(9, 0), Some(Refusal::NotEntitled)),
        ("nor a new device of one who left", Sealed, OWNER, add(LEFT, 1), Some(Refusal::NotEntitled)),
        ("nor a device twice", Sealed, OWNER, add(MEMBER, 1), Some(Refusal::DevicePresent)),
        ("a member removes an own device", Sealed, MEMBER, remove(MEMBER, 1), ok),
        ("a member removes no other", Sealed, MEMBER, remove(READER, 0), Some(Refusal::MayNotRemove)),
        ("unless that account has left", Sealed, MEMBER, remove(LEFT, 0), ok),
        ("a moderator removes a member", Sealed, MODERATOR, remove(MEMBER, 0), ok),
        ("not an owner", Sealed, MODERATOR, remove(OWNER, 1), Some(Refusal::MayNotRemove)),
        ("an owner removes a moderator", Sealed, OWNER, remove(MODERATOR, 0), ok),
        ("nobody removes the own leaf by commit", Sealed, OWNER, remove(OWNER, 0), Some(Refusal::DeviceAbsent)),
        ("nor a leaf that is not there", Sealed, OWNER, remove(NEW, 0), Some(Refusal::DeviceAbsent)),
        ("nor a blank leaf", Sealed, OWNER, Change::Remove(None), Some(Refusal::DeviceAbsent)),
        ("a guest adds nothing, its own device neither", Sealed, GUEST, add(GUEST, 1), Some(Refusal::GuestCommit)),
        ("a guest removes nothing", Sealed, GUEST, remove(LEFT, 0), Some(Refusal::GuestCommit)),
        ("one who left commits nothing", Sealed, LEFT, Change::Update { identity_kept: true }, Some(Refusal::Left)),
        ("one who is outside neither", Sealed, NEW, add(NEW, 1), Some(Refusal::NotAMember)),
        (
            "a leaf stays who it is",
            Sealed,
            OWNER,
            Change::Update { identity_kept: false },
            Some(Refusal::IdentityChanged),
        ),
        ("external init", Sealed, OWNER, Change::ExternalInit, Some(Refusal::ExternalCommit)),
        ("an owner's context change", Sealed, OWNER, context(ArchiveChange::Kept), ok),
        ("a moderator's", Sealed, MODERATOR, context(ArchiveChange::Kept), Some(Refusal::MayNotChange)),
        (
            "another setting",
            Sealed,
            OWNER,
            Change::Context { archive: ArchiveChange::Kept, rest_kept: false },
            Some(Refusal::ContextChanged),
        ),
        ("sealed to recorded", Sealed, OWNER, context(ArchiveChange::Added), Some(Refusal::ClassChanged)),
        ("recorded to sealed", Recorded, OWNER, context(ArchiveChange::Dropped), Some(Refusal::ClassChanged)),
        (
            "an archive in a sealed group",
            Sealed,
            OWNER,
            context(ArchiveChange::Replaced { certified: true }),
            Some(Refusal::ClassChanged),
        ),
        ("the next archive key", Recorded, OWNER, context(ArchiveChange::Replaced { certified: true }), ok),
        (
            "an archive key of nobody",
            Recorded,
            OWNER,
            context(ArchiveChange::Replaced { certified: false }),
            Some(Refusal::ArchiveUncertified),
        ),
        ("an owner moves the group", Sealed, OWNER, Change::ReInit { allowed: true }, ok),
        ("not to what policy forbids", Sealed, OWNER, Change::ReInit { allowed: false }, Some(Refusal::ReInit)),
        ("nor does a moderator", Sealed, MODERATOR, Change::ReInit { allowed: true }, Some(Refusal::ReInit)),
        ("an outside key", Sealed, OWNER, Change::Psk { reinit: false }, Some(Refusal::Psk)),
        ("a resumption key too late", Sealed, OWNER, Change::Psk { reinit: true }, Some(Refusal::Psk)),
        ("unknown", Sealed, OWNER, Change::Other, Some(Refusal::Unsupported)),
    ];
    for (what, class, by, change, expected) in cases {
        let proposed = Proposed { origin: Origin::Device(device(*by, 0)), change: *change };
        assert_eq!(judge(*class, &[], *by, &[proposed]).err(), *expected, "{what}");
    }
}

#[test]
fn what_the_server_may_propose() {
    let cases = [
        (Class::Sealed, remove(MEMBER, 0), None),
        (Class::Sealed, remove(NEW, 0), Some(Refusal::DeviceAbsent)),
        (Class::Sealed, add(NEW, 0), Some(Refusal::ServerProposal)),
        (Class::Recorded, context(ArchiveChange::Replaced { certified: true }), None),
        (Class::Recorded, context(ArchiveChange::Replaced { certified: false }), Some(Refusal::ArchiveUncertified)),
        (Class::Recorded, Change::ReInit { allowed: true }, Some(Refusal::ServerProposal)),
        (Class::Sealed, Change::Psk { reinit: false }, Some(Refusal::ServerProposal)),
    ];
    for (class, change, expected) in cases {
        let proposed = Proposed { origin: Origin::Server, change };
        // A guest too applies what the server may propose.
        for by in [OWNER, GUEST] {
            assert_eq!(judge(class, &[], by, &[proposed]).err(), expected, "{change:?}");
        }
    }
    let asked = Proposed { origin: Origin::Outsider, change: add(NEW, 0) };
    assert_eq!(judge(Class::Sealed, &[], OWNER, &[asked]).err(), Some(Refusal::ExternalCommit));
    // Somebody else's proposal is judged by who made it.
    let borrowed = Proposed { origin: Origin::Device(device(MEMBER, 0)), change: add(NEW, 0) };
    assert_eq!(judge(Class::Sealed, &[], OWNER, &[borrowed]).err(), Some(Refusal::MayNotAdd));
}

#[test]
fn a_waiting_removal_goes_first() {
    let lost = device(MEMBER, 1);
    let by_server = Proposed { origin: Origin::Server, change: Change::Remove(Some(lost)) };
    assert_eq!(judge(Class::Sealed, &[lost], OWNER, &[]).err(), Some(Refusal::RemovalLeftOut));
    let after = judge(Class::Sealed, &[lost], OWNER, &[by_server]).unwrap();
    assert_eq!(after.seat(lost), None);
    assert_eq!(after.len(), roster().len() - 1);
    let own = device(OWNER, 0);
    assert_eq!(judge(Class::Sealed, &[own], OWNER, &[]).err(), Some(Refusal::BeingRemoved));
}

#[test]
fn the_shape_of_a_commit() {
    let (roster, entitled, none) = (roster(), entitled(), BTreeSet::new());
    let situation = Situation { class: Class::Sealed, epoch: 0, roster: &roster, entitled: &entitled, pending: &none };
    let good = Commit { committer: Some(device(OWNER, 0)), path: true, path_identity_kept: true, proposals: &[] };
    assert_eq!(check(&situation, &good), Ok(roster.clone()));
    assert_eq!(check(&situation, &Commit { committer: None, ..good }), Err(Refusal::ExternalCommit));
    assert_eq!(check(&situation, &Commit { path: false, ..good }), Err(Refusal::PathMissing));
    assert_eq!(check(&situation, &Commit { path_identity_kept: false, ..good }), Err(Refusal::IdentityChanged));
    let psk = [Proposed { origin: Origin::Device(device(OWNER, 0)), change: Change::Psk { reinit: true } }];
    assert_eq!(check(&situation, &Commit { proposals: &psk, ..good }), Ok(roster.clone()));
    // A move stands alone.
    let by = Origin::Device(device(OWNER, 0));
    let two = [
        Proposed { origin: by, change: Change::ReInit { allowed: true } },
        Proposed { origin: by, change: remove(LEFT, 0) },
    ];
    assert_eq!(check(&situation, &Commit { proposals: &two, ..good }), Err(Refusal::ReInit));
}

#[test]
fn five_devices_and_five_hundred_people() {
    let adds = |n: std::ops::Range<u8>| -> Vec<Proposed> {
        n.map(|i| Proposed { origin: Origin::Device(device(MEMBER, 0)), change: add(MEMBER, i) }).collect()
    };
    assert_eq!(judge(Class::Sealed, &[], MEMBER, &adds(2..5)).unwrap().devices_of(account(MEMBER)), 5);
    assert_eq!(judge(Class::Sealed, &[], MEMBER, &adds(2..6)).err(), Some(Refusal::TooManyDevices));
    // A device that leaves makes room in the same commit, and one may be added again after its removal.
    let mut swap = adds(2..6);
    swap.push(Proposed { origin: Origin::Device(device(MEMBER, 0)), change: remove(MEMBER, 1) });
    assert_eq!(judge(Class::Sealed, &[], MEMBER, &swap).unwrap().devices_of(account(MEMBER)), 5);
    let again = [
        Proposed { origin: Origin::Device(device(MEMBER, 0)), change: add(MEMBER, 1) },
        Proposed { origin: Origin::Device(device(MEMBER, 0)), change: remove(MEMBER, 1) },
    ];
    assert_eq!(judge(Class::Sealed, &[], MEMBER, &again), Ok(roster()));

    let person = |i: u16| {
        let mut id = [0xAA; 16];
        id[..2].copy_from_slice(&i.to_be_bytes());
        (AccountId::from_bytes(id), DeviceId::from_bytes(id))
    };
    let all: BTreeMap<_, _> = (0..501).map(|i| (person(i).0, Rank::Owner)).collect();
    let leaf = |i| (person(i).1, Seat { account: person(i).0, kind: Kind::Member });
    let roster = Roster::new((0..499).map(leaf)).unwrap();
    let none = BTreeSet::new();
    let situation = Situation { class: Class::Sealed, epoch: 1, roster: &roster, entitled: &all, pending: &none };
    let commit = |n: u16| -> Result<usize, Refusal> {
        let proposals: Vec<_> = (499..n)
            .map(|i| Proposed {
                origin: Origin::Device(person(0).1),
                change: Change::Add { device: leaf(i).0, seat: leaf(i).1 },
            })
            .collect();
        let committer = Some(person(0).1);
        check(&situation, &Commit { committer, path: true, path_identity_kept: true, proposals: &proposals })
            .map(|r| r.people().len())
    };
    assert_eq!(commit(500), Ok(500));
    assert_eq!(commit(501), Err(Refusal::TooManyPeople));
}

#[test]
fn where_nobody_moderates_each_adds_the_other() {
    let roster = Roster::new([(device(MEMBER, 0), seat(MEMBER))]).unwrap();
    let proposals = [Proposed { origin: Origin::Device(device(MEMBER, 0)), change: add(NEW, 0) }];
    let commit =
        Commit { committer: Some(device(MEMBER, 0)), path: true, path_identity_kept: true, proposals: &proposals };
    for (rank, expected) in [(Rank::Member, None), (Rank::Moderator, Some(Refusal::MayNotAdd))] {
        let entitled = BTreeMap::from([(account(MEMBER), Rank::Member), (account(NEW), rank)]);
        let pending = BTreeSet::new();
        let situation =
            Situation { class: Class::Sealed, epoch: 0, roster: &roster, entitled: &entitled, pending: &pending };
        assert_eq!(check(&situation, &commit).err(), expected);
    }
}
