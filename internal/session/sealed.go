package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gitlab-agent-portal/gitlabapi"
)

// seals seal what the database keeps of a session, for one GitLab application: its fingerprint is
// part of all additional data.
type seals struct {
	instance string
	// values need the cookie, details do not: the person's other sessions list them.
	values  splitKeys
	details *Sealer
	// people are the keys of the MAC under which a session is found by its person, newest first.
	people [][]byte
}

func newSeals(keys Keys, instance string) seals {
	return seals{
		instance: instance, values: keys.split("session values"), details: keys.Sealer("session details"),
		people: keys.Derive("people of sessions"),
	}
}

// bound is additional data that no other instance and no other row has.
func (s seals) bound(id []byte) []byte { return append([]byte(s.instance+"\x00"), id...) }

// sealedValue is what only the holder of the cookie opens, in JSON. gitlabapi.Secret redacts itself
// when encoded, so the tokens are spelled out here and nowhere else.
type sealedValue struct {
	User      User
	Access    string
	Refresh   string
	ExpiresAt time.Time
	Scope     string
	CreatedAt time.Time
}

func (s seals) sealValue(session *Session) ([]byte, error) {
	plain, err := json.Marshal(sealedValue{
		User:      session.User,
		Access:    session.Tokens.Access.Reveal(),
		Refresh:   session.Tokens.Refresh.Reveal(),
		ExpiresAt: session.Tokens.ExpiresAt,
		Scope:     session.Tokens.Scope,
		CreatedAt: session.CreatedAt,
	})
	if err != nil {
		return nil, fmt.Errorf("encode the session: %w", err)
	}
	return s.values.with(session.ID).Seal(plain, s.bound([]byte(session.ID))), nil
}

func (s seals) openValue(session *Session, sealed []byte) error {
	plain, err := s.values.with(session.ID).Open(sealed, s.bound([]byte(session.ID)))
	if err != nil {
		return err
	}
	var value sealedValue
	if err := json.Unmarshal(plain, &value); err != nil {
		return errors.New("session: the session's value is not what this version writes")
	}
	session.User, session.CreatedAt = value.User, value.CreatedAt
	session.Tokens = gitlabapi.TokenPair{
		Access:    gitlabapi.NewSecret(value.Access),
		Refresh:   gitlabapi.NewSecret(value.Refresh),
		ExpiresAt: value.ExpiresAt,
		Scope:     value.Scope,
	}
	return nil
}

// sealedDetails are what the person's other sessions may know of one, in JSON.
type sealedDetails struct {
	CreatedAt, LastSeenAt time.Time
	Client                Client
}

func (s seals) sealDetails(idHash []byte, details sealedDetails) ([]byte, error) {
	plain, err := json.Marshal(details)
	if err != nil {
		return nil, fmt.Errorf("encode the details of the session: %w", err)
	}
	return s.details.Seal(plain, s.bound(idHash)), nil
}

func (s seals) openDetails(idHash, sealed []byte) (sealedDetails, error) {
	var details sealedDetails
	plain, err := s.details.Open(sealed, s.bound(idHash))
	if err != nil {
		return details, err
	}
	if err := json.Unmarshal(plain, &details); err != nil {
		return details, errors.New("session: the session's details are not what this version writes")
	}
	return details, nil
}

// persons are the MACs of a person's number under each key, newest first: without a key the rows do
// not tell whose they are.
func (s seals) persons(user int64) [][]byte {
	macs := make([][]byte, len(s.people))
	for i, key := range s.people {
		mac := hmac.New(sha256.New, key)
		mac.Write(s.bound(binary.BigEndian.AppendUint64(nil, uint64(user))))
		macs[i] = mac.Sum(nil)
	}
	return macs
}
